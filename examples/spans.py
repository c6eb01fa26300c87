"""Find passages: rules vote on spans, a label model settles them token by token."""

import nacre as nc

NOTES = {
    "text": [
        "took 200 mg of aspirin in the morning",
        "ibuprofen 400 mg against fever",
        "no medication since Monday",
        "aspirin was stopped, now paracetamol 500 mg",
    ]
}
SCHEMA = nc.Spans(("drug", "dose"), field="text")
FUNCTIONS = [
    nc.Rule("known_drug", nc.Member("text", ("aspirin", "ibuprofen", "paracetamol"), within=True), label="drug"),
    nc.Rule("drug_ending", nc.Pattern("text", r"\b\w+(rin|fen|amol)\b"), label="drug"),
    nc.Rule("milligrams", nc.Pattern("text", r"\d+ mg"), label="dose"),
]


def main() -> None:
    """Print the passages of each note with their labels."""
    votes = nc.apply(FUNCTIONS, NOTES, SCHEMA)
    print(votes)
    label_model = nc.TokenWise(model=nc.ClassConditional()).fit(votes)
    for row, spans in label_model.predict_spans(votes).iter_rows():
        text = NOTES["text"][row]
        found = [f"{SCHEMA.names[span['label']]} {text[span['start'] : span['end']]!r}" for span in spans]
        print(f"{text}\n    {', '.join(found) or 'nothing'}")


if __name__ == "__main__":
    main()

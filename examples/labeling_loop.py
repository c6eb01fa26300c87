"""The labeling loop in memory: rules, label model, end model, and why it still errs.

A few lines of text are written here, so that everything can be followed by eye.
"""

import polars as pl

import nacre as nc

TRAIN = {
    "text": [
        "Claim your free cash prize now",
        "Free cash for you, no risk",
        "You have won a prize, claim it today",
        "Win cash today, click here",
        "Click here to claim your reward",
        "Are you free for lunch today?",
        "Lunch at noon with the team",
        "Minutes of the team meeting",
        "The meeting moves to noon",
        "Can we meet about the budget?",
        "Is there lunch at the offsite?",
    ]
}
VALID = {
    "text": [
        "Free cash, claim it now",
        "Team lunch on Friday",
        "Your reward is waiting",
        "Please claim your travel costs",
        "Is the meeting at noon?",
    ],
    "label": ["spam", "ham", "spam", "ham", "ham"],
}
SCHEMA = nc.Classes(("ham", "spam"))


@nc.labeling_function
def question(text):
    """Vote ham for questions: spam rarely asks."""
    return "ham" if text.endswith("?") else None


FUNCTIONS = [
    nc.Rule("money", nc.Keyword("text", ("cash", "prize")), label="spam"),
    nc.Rule("claim", nc.Keyword("text", ("claim", "click here")), label="spam"),
    nc.Rule("free", nc.Keyword("text", ("free",)) & ~nc.Keyword("text", ("lunch",)), label="spam"),
    nc.Rule("office", nc.Keyword("text", ("team", "meeting", "lunch")), label="ham"),
    question,
]


def main() -> None:
    """Go once round the loop and print what is found."""
    votes = nc.apply(FUNCTIONS, TRAIN, SCHEMA)
    print(votes.summary(), end="\n\n")

    label_model = nc.ClassConditional().fit(votes)
    covered = votes.is_covered
    rows = pl.DataFrame(TRAIN).filter(covered)
    model = nc.TextLinear(["text"]).fit(rows, label_model.predict_proba(votes)[covered], SCHEMA)

    valid_votes = nc.apply(FUNCTIONS, VALID, SCHEMA)
    outcomes = nc.analysis.Outcomes.of(
        valid_votes,
        nc.analysis.unit_codes(VALID, "label", SCHEMA),
        label_proba=label_model.predict_proba(valid_votes),
        proba=model.predict_proba(pl.DataFrame(VALID)),
    )
    causes = nc.analysis.error_causes(outcomes, model=label_model)
    print(causes, end="\n\n")
    for row in causes.rows.iter_rows(named=True):
        print(f"{row['cause']}: {VALID['text'][row['row_id']]!r} is {row['truth']}")


if __name__ == "__main__":
    main()

import hashlib
import re
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents import DOCS
from nacre.data import Classes, Number
from nacre.errors import SpecError, UnknownFieldError, UnknownNameError
from nacre.evaluation import CATALOGUE, Criterion, catalogue_evaluator, evaluate, evaluator_from_spec
from nacre.evaluation._catalogue import REVISION

SETTINGS = {
    "mentions": {"words": ["please", "thank you"]},
    "no_mention": {"words": ["guarantee"]},
    "no_competitor": {"names": ["Acme", "Globex GmbH"]},
    "length": {"max_words": 5},
}
RESPONSES = {
    "prompt": "What is the capital of France?",
    "response": "Paris",
    "reference": "Paris",
    "contexts": ["Paris is the capital and largest city of France."],
}
REVISION_SOURCES = "ea134336e9839066"


def score(name, response, reference="", contexts=(), **settings):
    """Return the value and the rationale that one response gets."""
    frame = pl.DataFrame(
        {"prompt": ["?"], "response": [response], "reference": [reference], "contexts": [contexts]},
        schema={"prompt": pl.String, "response": pl.String, "reference": pl.String, "contexts": pl.List(pl.String)},
    )
    row = evaluate([catalogue_evaluator(name, **settings)], frame).frame.row(0, named=True)
    assert row["status"] in ("scored", "abstained"), row["message"]
    return row["value"], row["rationale"]


def value(*arguments, **settings):
    return score(*arguments, **settings)[0]


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        pytest.param(
            " Paris\n", "Paris", {"exact_match": 1, "normalized_match": 1, "contains_reference": 1}, id="same"
        ),
        pytest.param("The PARIS!", "Paris.", {"exact_match": 0, "normalized_match": 1}, id="case and marks"),
        pytest.param("It is Paris, of course", "Paris", {"normalized_match": 0, "contains_reference": 1}, id="within"),
        pytest.param("Parisian life", "Paris", {"contains_reference": 0}, id="part of a word"),
        pytest.param("About 3.5 mg", "5", {"contains_reference": 0}, id="part of a number"),
        pytest.param("About $1,500.", "1500", {"contains_reference": 1}, id="thousands"),
        pytest.param("-5 degrees", "5 degrees", {"normalized_match": 0}, id="sign"),
        pytest.param(
            "\u6771\u4eac\u3067\u3059", "\u6771\u4eac", {"contains_reference": 1, "normalized_match": 0}, id="Japanese"
        ),
        pytest.param("Zu\u0308rich", "Z\u00dcRICH", {"normalized_match": 1}, id="composed and not"),
        pytest.param("A", "The", {"normalized_match": 0}, id="articles alone"),
        pytest.param(
            None, "Paris", {"exact_match": 0, "normalized_match": 0, "token_f1": 0, "completeness": 0}, id="no response"
        ),
        pytest.param("", "Paris", {"exact_match": 0, "contains_reference": 0, "completeness": 0}, id="empty"),
        pytest.param(
            "Paris",
            None,
            dict.fromkeys(["exact_match", "normalized_match", "contains_reference", "token_f1", "completeness"]),
            id="no reference",
        ),
        pytest.param("Paris", "!?", dict.fromkeys(["normalized_match", "token_f1", "completeness"]), id="no words"),
    ],
)
def test_correctness_against_a_reference(response, reference, expected):
    assert {name: value(name, response, reference) for name in expected} == expected


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        pytest.param("a cat sat", "the cat sat down", 2 * 2 / (2 + 3), id="words in common"),
        pytest.param("cat cat", "cat", 2 / 3, id="each occurrence once"),
        pytest.param("dog", "cat", 0, id="none"),
    ],
)
def test_token_f1(response, reference, expected):
    assert value("token_f1", response, reference) == pytest.approx(expected)


def test_completeness_names_what_is_missing():
    reference = "Rest, drink fluids and take ibuprofen. See doctors if fever lasts."

    found, reason = score("completeness", "You should rest and drink a fluid; a doctor may help.", reference)

    assert found == pytest.approx(4 / 9)
    assert reason == "missing: take, ibuprofen, see, fever, last"


@pytest.mark.parametrize(
    ("response", "expected", "reason"),
    [
        pytest.param("Paris is the capital of France.", 1, None, id="supported"),
        pytest.param(
            "Paris is the capital of France. It was founded by aliens.",
            0.5,
            "not in the contexts: It was founded by aliens.",
            id="one sentence of two",
        ),
        pytest.param("Paris has 3 million people.", 0, "not in the contexts: Paris has 3 million people.", id="number"),
        pytest.param("Paris has 2.1 million people.", 1, None, id="right number"),
        pytest.param("", None, None, id="nothing is claimed"),
        pytest.param("It is.", None, None, id="nothing is said"),
        pytest.param(None, None, None, id="no response"),
    ],
)
def test_groundedness(response, expected, reason):
    contexts = ["Paris is the capital of France.", None, "Some 2.1 million people live in Paris; the city has a river."]

    found = score("groundedness", response, contexts=contexts)

    assert found == (expected, reason)


@pytest.mark.parametrize("contexts", [None, [], [None], ["..."]], ids=["null", "empty", "of null", "of no words"])
def test_groundedness_without_contexts_is_not_scored(contexts):
    assert value("groundedness", "Paris is a city.", contexts=contexts) is None


@pytest.mark.parametrize(
    ("name", "response", "expected"),
    [
        pytest.param("polite", "Thank you for asking.", 1, id="polite"),
        pytest.param("polite", "That is your own fault, IDIOT.", 0, id="insult"),
        pytest.param("polite", "Scrap the crapaud recipe", 1, id="part of a word"),
        pytest.param("polite", "The symptoms go away by themselves.", 1, id="harmless phrase"),
        pytest.param("refuses", "I'm sorry, but I can't help with that.", 1, id="cannot help"),
        pytest.param("refuses", "I\u2019m sorry, I cannot assist with this request", 1, id="typographic apostrophe"),
        pytest.param("refuses", "Unfortunately, I am unable to provide medical advice.", 1, id="unable"),
        pytest.param("refuses", "As an AI language model, I do not have access to that.", 1, id="as a model"),
        pytest.param("refuses", "We are not allowed to share it.", 1, id="not allowed"),
        pytest.param("refuses", "I must respectfully decline.", 1, id="decline"),
        pytest.param("refuses", "You can't help falling in love.", 0, id="somebody else"),
        pytest.param("refuses", "I can help with that.", 0, id="helps"),
        pytest.param("no_refusal", "I can help with that.", 1, id="no refusal"),
        pytest.param("no_refusal", "I can't help with that.", 0, id="refusal"),
        pytest.param("no_refusal", None, 0, id="no response is no answer"),
        pytest.param("answers", " - ", 0, id="no letter"),
        pytest.param("answers", "\u6771\u4eac", 1, id="any letter"),
    ],
)
def test_wording(name, response, expected):
    assert value(name, response) == expected


@pytest.mark.parametrize(
    ("name", "settings", "response", "expected"),
    [
        pytest.param("mentions", {"words": ["please", "thank you"]}, "Thank  you!", 1, id="one of several"),
        pytest.param("mentions", {"words": ["a b", "c"], "every": True}, "c", 0, id="not every"),
        pytest.param("mentions", {"words": ["a b", "c"], "every": True}, "C, a b", 1, id="every"),
        pytest.param("mentions", {"words": "please"}, None, 0, id="no response mentions nothing"),
        pytest.param("no_mention", {"words": ["guarantee"]}, "No guarantees", 1, id="whole words"),
        pytest.param("no_mention", {"words": ["guarantee"]}, None, 1, id="no response mentions nothing bad"),
        pytest.param("no_competitor", {"names": ["Acme"]}, "Try ACME instead", 0, id="competitor"),
        pytest.param("polite", {"also": ["silly"]}, "Silly you", 0, id="own words"),
        pytest.param("length", {"max_words": 3}, "one two three", 1, id="limits are included"),
        pytest.param("length", {"max_words": 3}, "one, two, three - four!", 0, id="marks are no words"),
        pytest.param("length", {"min_words": 2}, None, 0, id="no response is too short"),
        pytest.param("length", {"max_characters": 4}, "\U0001f600" * 4, 1, id="characters, not bytes"),
        pytest.param("valid_json", {}, '{"a": [1, null]}', 1, id="object"),
        pytest.param("valid_json", {}, "3", 1, id="any value"),
        pytest.param("valid_json", {}, 'Sure: {"a": 1}', 0, id="words around it"),
        pytest.param("valid_json", {}, "NaN", 0, id="no JSON"),
        pytest.param("valid_json", {}, "[" * 100_000, 0, id="deep"),
        pytest.param("valid_json", {}, None, 0, id="no response"),
        pytest.param("valid_json", {"kind": "object"}, "[1]", 0, id="another kind"),
        pytest.param("valid_json", {"required": ["a", "b"]}, '{"a": 1}', 0, id="lacks a key"),
        pytest.param("valid_json", {"required": ["a"]}, '{"a": null, "c": 1}', 1, id="has the keys"),
        pytest.param("valid_json", {}, '```json\n{"a": 1}\n```', 0, id="fence"),
        pytest.param("valid_json", {"fenced": True}, '```json\n{"a": 1}\n```', 1, id="fence allowed"),
        pytest.param("valid_json", {"fenced": True}, '{"a": 1}', 1, id="no fence needed"),
        pytest.param("groundedness", {"support": 0.5, "at_least": 0.9}, None, None, id="settings of a share"),
    ],
)
def test_settings(name, settings, response, expected):
    assert value(name, response, **settings) == expected


def test_the_language_of_the_response_is_that_of_the_prompt_or_not_known():
    prompts = ["\u00bfD\u00f3nde est\u00e1 la biblioteca de la universidad, por favor?"] * 3
    responses = [
        "La biblioteca est\u00e1 al final de la calle, a la derecha.",
        "It is at the end of the street.",
        ":-)",
    ]

    found = evaluate([catalogue_evaluator("same_language")], pl.DataFrame({"prompt": prompts, "response": responses}))

    assert found.frame["value"].to_list() == [1, 0, None]
    assert found.frame["status"].to_list() == ["scored", "scored", "abstained"]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_entry_scores_and_is_told_by_its_spec(name):
    evaluator = catalogue_evaluator(name, **SETTINGS.get(name, {}))

    scores = evaluate([evaluator], pl.DataFrame({key: [content] for key, content in RESPONSES.items()}))
    again = evaluator_from_spec(name, evaluator.spec(), {})

    assert scores.counts().select("unparsable", "failed").row(0) == (0, 0)
    assert again == evaluator or again.fingerprint == evaluator.fingerprint
    assert again.spec() == evaluator.spec()
    assert again.criterion == evaluator.criterion


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_response_is_never_a_failure_of_the_evaluator(name):
    evaluator = catalogue_evaluator(name, **SETTINGS.get(name, {}))
    empty = {key: pl.Series([None, None], dtype=pl.String) for key in ("response", "reference", "contexts")}

    scores = evaluate([evaluator], pl.DataFrame({"prompt": ["?", "!"], **empty}))

    assert scores.counts().select("unparsable", "failed").row(0) == (0, 0)


def test_the_word_catalogue_takes_the_entry_of_the_evaluators_name():
    assert evaluator_from_spec("polite", "catalogue", {}) == catalogue_evaluator("polite")


def test_an_evaluator_from_the_catalogue_scores_a_criterion_of_the_project():
    private = Criterion("private", "No data of customers.", target=0.99)

    evaluator = evaluator_from_spec(
        "by form", {"criterion": "private", "catalogue": "no_personal_data"}, {"private": private}
    )

    assert evaluator.criterion == private
    assert evaluator.spec() == {"criterion": "private", "catalogue": "no_personal_data"}


def test_a_share_passes_or_fails_on_a_criterion_of_pass_and_fail():
    complete = Criterion("complete")
    spec = {"criterion": "complete", "catalogue": "completeness", "at_least": 0.7}
    evaluator = evaluator_from_spec("coverage", spec, {"complete": complete})
    frame = pl.DataFrame(
        {"prompt": ["?"] * 3, "response": ["red green", "red", None], "reference": ["red green blue"] * 3}
    )

    scores = evaluate([evaluator], frame).frame

    assert scores["value"].to_list() == [0, 0, 0]
    assert scores["rationale"][0] == "0.67; missing: blue"
    assert evaluate([evaluator_from_spec("coverage", {**spec, "at_least": 0.6}, {"complete": complete})], frame).frame[
        "value"
    ].to_list() == [1, 0, 0]


def test_at_least_is_from_where_a_share_passes():
    evaluator = catalogue_evaluator("token_f1", at_least=0.9)

    assert evaluator.criterion == Criterion("token_f1", evaluator.criterion.description, Number(0, 1), passes=0.9)


def test_fingerprints_tell_settings_and_entries_apart_and_not_names():
    def made(name, **settings):
        return catalogue_evaluator(name, criterion=Criterion("fine"), **settings).fingerprint

    assert made("length", max_words=3) != made("length", max_words=4)
    assert (
        made("length", max_words=3)
        == evaluator_from_spec(
            "brief", {"catalogue": "length", "max_words": 3}, {"brief": Criterion("fine")}
        ).fingerprint
    )
    assert made("no_mention", words=["a"]) == made("no_competitor", names=["a"])
    assert made("token_f1", at_least=0.5) != made("token_f1", at_least=0.6)
    assert made("token_f1") == made("token_f1", at_least=0.5)
    assert made("exact_match") != made("normalized_match")


@pytest.mark.parametrize(
    ("arguments", "settings", "error", "message"),
    [
        pytest.param(["lenght"], {}, UnknownNameError, "Did you mean `length`", id="unknown entry"),
        pytest.param(["length"], {"max_word": 3}, SpecError, "Did you mean `max_words`", id="unknown setting"),
        pytest.param(["length"], {}, SpecError, "needs a limit", id="no limit"),
        pytest.param(["length"], {"max_words": "3"}, SpecError, "whole number", id="text for a number"),
        pytest.param(["length"], {"max_words": 3, "min_words": 4}, SpecError, "above `max_words`", id="no room"),
        pytest.param(["mentions"], {}, SpecError, "needs `words`", id="needed setting"),
        pytest.param(["mentions"], {"words": []}, SpecError, "list of words", id="no words"),
        pytest.param(["mentions"], {"words": 3}, SpecError, "list of words", id="number for words"),
        pytest.param(["mentions"], {"words": ["a"], "every": "yes"}, SpecError, "true or false", id="text for a flag"),
        pytest.param(["valid_json"], {"kind": "list"}, SpecError, "object, array", id="unknown kind"),
        pytest.param(["valid_json"], {"kind": "array", "required": ["a"]}, SpecError, "keys", id="keys of an array"),
        pytest.param(["groundedness"], {"support": 2}, SpecError, "share above 0", id="no share"),
        pytest.param(["token_f1"], {"at_least": 2}, SpecError, "between 0 and 1", id="no share to pass"),
        pytest.param(["polite"], {"at_least": 0.5}, SpecError, "no setting `at_least`", id="not a share"),
    ],
)
def test_settings_that_make_no_sense_are_refused(arguments, settings, error, message):
    with pytest.raises(error, match=message):
        catalogue_evaluator(*arguments, **settings)


def test_a_criterion_on_another_scale_is_refused():
    style = Criterion("style", scale=Classes(("poor", "good", "great"), ordered=True))

    with pytest.raises(SpecError, match="scores on PASS_FAIL"):
        catalogue_evaluator("polite", criterion=style)
    with pytest.raises(SpecError, match="leave `at_least` out"):
        catalogue_evaluator("token_f1", criterion=Criterion("f1", scale=Number(0, 1)), at_least=0.3)


def test_a_criterion_that_is_not_there_is_named():
    with pytest.raises(UnknownNameError, match="criterion `plite`"):
        evaluator_from_spec("tone", {"criterion": "plite", "catalogue": "polite"}, {})


def test_a_field_that_the_responses_lack_is_named_before_anything_is_scored():
    with pytest.raises(UnknownFieldError, match="`completeness` reads the field `reference`"):
        evaluate([catalogue_evaluator("completeness")], pl.DataFrame({"prompt": ["?"], "response": ["!"]}))


texts = st.text(min_size=1, max_size=60)


@given(text=texts)
def test_the_reference_itself_is_a_perfect_response(text):
    frame = pl.DataFrame({"prompt": ["?"], "response": [text], "reference": [text], "contexts": [[text]]})
    names = ("exact_match", "normalized_match", "contains_reference", "token_f1", "completeness", "groundedness")

    scores = evaluate([catalogue_evaluator(name) for name in names], frame)

    assert set(scores.frame["value"].to_list()) <= {1.0, None}
    assert scores.frame["status"].is_in(["scored", "abstained"]).all()


@given(response=texts, reference=texts)
def test_a_stricter_match_is_a_looser_one_too(response, reference):
    names = ("exact_match", "normalized_match", "contains_reference")
    frame = pl.DataFrame({"prompt": ["?"], "response": [response], "reference": [reference]})

    exact, normalized, contained = (
        evaluate([catalogue_evaluator(name) for name in names], frame).frame["value"].to_list()
    )

    if normalized is not None:
        assert (exact or 0) <= normalized <= contained


@given(response=texts, reference=texts)
def test_token_f1_does_not_depend_on_which_is_the_reference(response, reference):
    first, second = value("token_f1", response, reference), value("token_f1", reference, response)

    assert first == second or first is None or second is None


@given(texts)
def test_refusing_and_not_refusing_exclude_each_other(text):
    assert value("refuses", text) + value("no_refusal", text) <= 1


def test_a_change_of_the_code_comes_with_a_new_revision():
    """Scores are kept under a revision: raise it where scores may differ now, then put the new hash here."""
    names = ("_words", "_overlap", "_personal_data", "_format")
    files = [Path(find_spec(f"nacre.evaluation.{name}").origin) for name in names]

    found = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]

    assert (REVISION, found) == (1, REVISION_SOURCES)


def test_every_entry_is_in_the_reference_with_its_settings():
    page = (DOCS / "reference" / "yaml.md").read_text(encoding="utf-8").partition("\n## catalogue\n")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE)

    shares = {name for name, entry in CATALOGUE.items() if entry.criterion.kind == "number"}
    assert {name: re.findall(r"\w+", settings) for name, settings in rows} == {
        name: [*entry.settings, *(["at_least"] if name in shares else [])] for name, entry in CATALOGUE.items()
    }

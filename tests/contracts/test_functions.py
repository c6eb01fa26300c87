"""What every function promises. A new one joins by an instance in `FUNCTIONS`."""

import textwrap

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions_under_test import CONTEXT, ODD_TEXTS, table
from nacre.data import Classes, Dataset, MultiLabel, Spans
from nacre.engine import MemoryStore
from nacre.errors import NacreError, SchemaError, SpecError, UnknownNameError
from nacre.functions import (
    Code,
    CodeFile,
    Context,
    Existing,
    Function,
    Keyword,
    Mapping,
    Model,
    Rule,
    function_from_spec,
    functions_from_specs,
    labeling_function,
    load_function,
    to_votes,
)
from nacre.labeling import apply

SCHEMA = Classes(("ham", "spam"), groups=(("not spam", ("ham",)),))
TOPICS = MultiLabel(("ham", "spam"))


class Lengths:
    """A predictor that a test can compute: long texts are spam."""

    fingerprint = "lengths-1"
    reads = ("text",)
    classes_ = ("spam", "ham")

    def predict_proba(self, data):
        spam = np.minimum(data["text"].str.len_chars().fill_null(0).to_numpy() / 40, 1.0)
        return np.column_stack([spam, 1 - spam])


CONTEXT = Context(CONTEXT.embeddings, {"lengths": Lengths()}, CONTEXT.knowledge)


@labeling_function
def mentions_cash(text, number, least=2):
    """Vote with two fields; `least` has a default and is no field."""
    if text is None:
        return None
    return "spam" if "cash" in text and (number or 0) >= least else "not spam"


@labeling_function
def fails_sometimes(text):
    return "ham" if len(text) > 3 and text[0] != "\x00" else None


FUNCTIONS = [
    Rule("rule", Keyword("text", "cash"), label="spam"),
    Rule("exhaustive", Keyword("text", "cash"), label="spam", otherwise="not spam"),
    Mapping("mapping", "number", {"3": "spam", "4": "ham", "5": None}),
    Mapping("text_mapping", "text", {"free cash": "spam", "": "ham"}),
    Existing("existing", "verdict", {"junk": "spam", "?": None}),
    Existing("codes", "code"),
    Model("model", "lengths", threshold=0.7),
    Model("stored", column="scores", threshold=0.6),
    mentions_cash,
    fails_sometimes,
]
each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def points(texts=ODD_TEXTS):
    """Return texts with weak labels, codes and stored probabilities beside them."""
    n = len(texts)
    verdicts = ["junk", "ham", "?", None, "spma", "not spam", "\U0001f600"]
    scores = [[0.3, 0.7], [0.5, 0.5], None, [0.9, 0.1], [None, None]]
    return table(texts).with_columns(
        verdict=pl.Series([verdicts[i % len(verdicts)] for i in range(n)], dtype=pl.String),
        code=pl.Series([(-1, 0, 1, -2, 7, None)[i % 6] for i in range(n)], dtype=pl.Int64),
        scores=pl.Series([scores[i % len(scores)] for i in range(n)], dtype=pl.List(pl.Float64)),
    )


def votes_of(function, frame, schema=SCHEMA, **arguments):
    """Return votes as codes, and the rows with errors by message."""
    label_matrix = apply([function], frame, schema, context=CONTEXT, **arguments)
    errors = dict(label_matrix.errors.select("row_id", "message").iter_rows())
    return label_matrix.to_dense()[:, 0].tolist(), errors


class CountingStore(MemoryStore):
    """A store that counts what is put into it."""

    n_puts = 0

    def put(self, key, frame):
        self.n_puts += 1
        super().put(key, frame)


@each_function
def test_a_function_abstains_or_names_a_class(function):
    codes, errors = votes_of(function, points())

    assert isinstance(function, Function)
    assert set(codes) <= {-2, -1, 0, 1}
    assert {codes[row] for row in errors} <= {-1}


@each_function
@given(texts=st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=10))
def test_any_text_is_voted_on(function, texts):
    codes, _ = votes_of(function, points(texts))

    assert len(codes) == len(texts)


@each_function
def test_any_chunking_gives_the_same_votes(function):
    frame = points(ODD_TEXTS * 3)
    codes, errors = votes_of(function, frame)

    position = pl.int_range(pl.len(), dtype=pl.Int64)
    gaps = frame.with_columns(row_id=position // 7 * 65_536 + position)
    label_matrix = apply([function], gaps, SCHEMA, context=CONTEXT)

    assert len(Dataset.from_frame(gaps).chunks) > 5
    assert label_matrix.to_dense()[:, 0].tolist() == codes
    assert label_matrix.errors["message"].to_list() == list(errors.values())


@each_function
def test_a_stored_vote_is_the_vote(function):
    store = CountingStore()
    first = votes_of(function, points(), store=store)
    n_puts = store.n_puts

    again = votes_of(function, points(), store=store)

    assert again == first
    assert store.n_puts == n_puts


@each_function
def test_renaming_keeps_the_fingerprint_and_recomputes_nothing(function):
    from dataclasses import replace

    renamed = replace(function, name="another")
    store = CountingStore()
    votes_of(function, points(), store=store)
    n_puts = store.n_puts
    votes_of(renamed, points(), store=store)

    assert renamed.resolve(CONTEXT).fingerprint == function.resolve(CONTEXT).fingerprint
    assert store.n_puts == n_puts


@each_function
def test_a_function_is_equal_after_a_round_trip_through_its_spec(function):
    again = function_from_spec(function.name, orjson.loads(orjson.dumps(function.spec())))

    assert again.spec() == function.spec()
    assert isinstance(hash(function), int)
    assert again.fingerprint == function.fingerprint
    assert votes_of(again, points()) == votes_of(function, points())
    assert isinstance(function, Code) or again == function


@each_function
def test_huge_and_empty_input_is_voted_on(function):
    assert votes_of(function, points([]))[0] == []
    assert len(votes_of(function, points(["free cash " * 1_000_000, "x"]))[0]) == 2


def test_functions_come_from_one_object_of_specs():
    specs = {function.name: function.spec() for function in FUNCTIONS[:8]}

    assert functions_from_specs(specs) == tuple(FUNCTIONS[:8])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"mappnig": ["number", {"3": "spam"}]}, "Did you mean `mapping`", id="unknown kind"),
        pytest.param({"label": "spam", "wehn": {"keyword": ["text", "x"]}}, "Did you mean `when`", id="unknown key"),
        pytest.param({"label": "spam"}, "lacks `when`", id="rule without condition"),
        pytest.param({"label": 1, "when": {"keyword": ["text", "x"]}}, "class by its name", id="code as label"),
        pytest.param({"label": None, "when": {"keyword": ["text", "x"]}}, "class by its name", id="no label"),
        pytest.param(
            {"existing": "verdict", "values": {"x": ["spam"]}}, "a class for each value", id="a list as class"
        ),
        pytest.param({"existing": "verdict", "valeus": {}}, "Did you mean `values`", id="unknown key of a kind"),
        pytest.param({"existing": {"column": "verdict", "name": "x"}}, "`name` twice", id="name inside"),
        pytest.param({"model": {}}, "either `predictor`", id="model without source"),
        pytest.param({"model": "lengths", "threshold": "high"}, "a number", id="text as threshold"),
        pytest.param({"model": "lengths", "threshold": 2}, "from 0 to 1", id="threshold out of range"),
        pytest.param({"model": "lengths", "fitted": 1}, "no key `fitted`", id="a resolved value"),
        pytest.param({"mapping": ["number", {}]}, "empty", id="empty table"),
        pytest.param({"mapping": ["number", {"3": 1}]}, "name of a class", id="code in a table"),
        pytest.param({"mapping": ["number", "t.csv"]}, "a class for each value", id="file without its key"),
        pytest.param({"code": "functions.py"}, "functions.py:name", id="file without a function"),
        pytest.param({"code": "f.py:a", "existing": "x"}, "needs one of", id="two kinds"),
        pytest.param([], "written as an object", id="list"),
        pytest.param({}, "written as an object", id="empty object"),
    ],
)
def test_a_spec_outside_the_grammar_is_refused_with_what_to_do(spec, message):
    with pytest.raises(SpecError, match=message):
        function_from_spec("f", spec)


def test_a_label_that_the_schema_lacks_is_refused_before_anything_is_computed():
    with pytest.raises(UnknownNameError, match="Did you mean `spam`"):
        votes_of(Rule("r", Keyword("text", "x"), label="spma"), points())


# Tables


def test_a_table_may_be_a_file(tmp_path):
    (tmp_path / "t.csv").write_text("sender,class\n a@x.com ,spam\nb@x.com,\n")
    function = Mapping("f", "text", {"file": "t.csv"})

    label_matrix = apply([function], table(["a@x.com", "b@x.com", "c"]), SCHEMA, context=Context(folder=tmp_path))

    assert label_matrix.to_dense()[:, 0].tolist() == [1, -1, -1]


def test_a_class_in_a_table_that_the_schema_lacks_is_refused():
    with pytest.raises(SchemaError, match="Did you mean `spam`"):
        votes_of(Mapping("f", "number", {"3": "spma"}), points())


def test_a_table_with_two_answers_for_a_value_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("value,class\nx,spam\nx,ham\n")

    with pytest.raises(SpecError, match="both spam and ham"):
        Mapping("f", "text", {"file": "t.csv"}).resolve(Context(folder=tmp_path))


def test_a_table_may_name_groups_and_absent_labels():
    assert votes_of(Mapping("f", "number", {"3": "not spam"}), points())[0][3] == -2
    label_matrix = apply([Mapping("f", "number", {"3": "not spam"})], points(), TOPICS)
    assert {code for _, code in label_matrix.symbols} == {-3}


# Recorded votes


def test_an_unknown_class_in_a_column_is_an_error_of_its_rows_only():
    codes, errors = votes_of(FUNCTIONS[4], points(["a"] * 7))

    assert codes == [1, 0, -1, -1, -1, -2, -1]
    assert list(errors) == [4, 6]
    assert "Did you mean `spam`" in errors[4]


def test_codes_in_a_column_are_votes_and_wrong_ones_errors():
    codes, errors = votes_of(FUNCTIONS[5], points(["a"] * 6))

    assert codes == [-1, 0, 1, -2, -1, -1]
    assert list(errors) == [4]


def test_codes_beside_missing_values_may_be_fractions():
    frame = pl.DataFrame({"code": [1.0, None, 0.0, 0.5]})

    codes, errors = votes_of(Existing("f", "code"), frame)

    assert codes == [1, -1, 0, -1]
    assert list(errors) == [3]


def test_lists_in_a_column_are_labels_or_spans():
    frame = pl.DataFrame(
        {
            "topics": [["ham"], ["spam", "not ham"], None, ["ham", "not ham"]],
            "text": ["free cash", "cash", "x", "x"],
            "found": [[{"start": 0, "end": 4, "label": "ham"}], [], None, [{"start": 3, "end": 2, "label": "ham"}]],
        }
    )

    topics = apply([Existing("f", "topics")], frame, TOPICS)
    spans = apply([Existing("f", "found")], frame, Spans(("ham",), "text"))

    assert [code for _, code in topics.symbols] == [0, 1, -2]
    assert topics.errors["row_id"].to_list() == [3]
    assert spans.to_dense()[:, 0].tolist() == [1, 0, 0, -1, -1]
    assert spans.errors["row_id"].to_list() == [3]


# Models


def test_a_model_abstains_below_its_threshold_and_says_how_sure_it_is():
    function = FUNCTIONS[6].resolve(CONTEXT)

    votes = function.vote(points(["x" * 40, "x" * 21, "x" * 4]), SCHEMA)

    assert votes.values.to_list() == [1, None, 0]
    assert votes.confidence.to_list() == pytest.approx([1.0, 0.525, 0.9], rel=1e-6)


def test_stored_probabilities_may_be_a_struct_by_class():
    frame = pl.DataFrame({"p": [{"spam": 0.9, "ham": 0.1}, {"spam": 0.2, "ham": None}, None]})

    assert Model("m", column="p", threshold=0.6).vote(frame, SCHEMA).values.to_list() == [1, None, None]


def test_a_model_says_which_labels_are_present_and_absent():
    votes = Model("m", column="scores", threshold=0.7).vote(points(["a"] * 4), TOPICS)

    assert votes.values.to_list() == [
        {"present": [1], "absent": [0]},
        None,
        None,
        {"present": [0], "absent": [1]},
    ]


@pytest.mark.parametrize(
    ("function", "schema", "message"),
    [
        pytest.param(Model("m", "lengths"), Classes(("ham", "eggs")), "`spam` is not among", id="other classes"),
        pytest.param(Model("m", column="scores"), Classes(("a", "b", "c")), "numbers, not 3", id="other number"),
        pytest.param(Model("m", column="text"), SCHEMA, "read by `existing`", id="a column of classes"),
        pytest.param(Model("m", "lengths"), Spans(("ham",), "text"), "not on spans", id="spans"),
        pytest.param(Mapping("m", "text", {"a": "ham"}), Spans(("ham",), "text"), "whole values", id="table and spans"),
    ],
)
def test_what_cannot_vote_on_a_schema_says_so(function, schema, message):
    with pytest.raises(SchemaError, match=message):
        votes_of(function, points(), schema)


def test_a_model_that_the_context_lacks_is_named():
    with pytest.raises(UnknownNameError, match="Did you mean `lengths`"):
        votes_of(Model("m", "length"), points())


# Python functions


@pytest.mark.parametrize(
    ("schema", "answer", "message"),
    [
        pytest.param(SCHEMA, 1, "Expected the name of a class", id="a code"),
        pytest.param(SCHEMA, ["spam"], "Expected the name of a class", id="a list"),
        pytest.param(SCHEMA, True, "Expected the name of a class", id="a truth"),
        pytest.param(SCHEMA, "spma", "Did you mean `spam`", id="a misspelt class"),
        pytest.param(SCHEMA, "\ud800", "There is no class", id="half a character"),
        pytest.param(TOPICS, 3, "Expected names", id="a number for labels"),
        pytest.param(TOPICS, ["ham", "not ham"], "both present and absent", id="a contradiction"),
        pytest.param(TOPICS, [["ham"]], "Expected names", id="nested labels"),
        pytest.param(Spans(("ham",), "text"), "ham", "list of spans", id="text for spans"),
        pytest.param(Spans(("ham",), "text"), [(0, 2)], "values to unpack", id="a span without label"),
        pytest.param(Spans(("ham",), "text"), [(2, 2, "ham")], "start < end", id="an empty span"),
        pytest.param(Spans(("ham",), "text"), [(0.5, 2, "ham")], "float", id="half a character of a span"),
        pytest.param(Spans(("ham",), "text"), [(0, 2**40, "ham")], "start < end", id="a span beyond every text"),
        pytest.param(Spans(("ham",), "text"), [{"start": 0}], "end", id="a span without end"),
    ],
)
def test_an_answer_of_the_wrong_kind_is_an_error_of_its_row(schema, answer, message):
    votes = to_votes([None, answer, None], schema)

    assert votes.values.to_list() == [None, None, None]
    assert message in votes.errors[1]
    assert votes.errors.null_count() == 2


def raising(error):
    def function(text):
        if text == "bad":
            raise error
        return "spam"

    return Code("f", function)


class Unprintable(Exception):
    """An error whose message cannot be stored as it is."""

    def __str__(self):
        return "\ud800" * 5_000


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), SystemExit(3), Unprintable(), RecursionError(), MemoryError()],
    ids=lambda e: type(e).__name__,
)
def test_one_failing_row_spares_the_others(error):
    codes, errors = votes_of(raising(error), table(["good", "bad", "good"]))

    assert codes == [1, -1, 1]
    assert list(errors) == [1]
    assert type(error).__name__ in errors[1]
    assert len(errors[1]) < 1_100


def make(word, limit=1):
    def contains(text):
        return "spam" if word in (text or "") and limit else None

    return contains


def test_functions_that_differ_in_what_they_enclose_differ():
    assert Code("f", make("a")).fingerprint == Code("f", make("a")).fingerprint
    assert Code("f", make("a")).fingerprint != Code("f", make("b")).fingerprint
    assert Code("f", make("a"), version="2").fingerprint != Code("f", make("a")).fingerprint


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        pytest.param("return None", "return  None  # so", True, id="layout and comments"),
        pytest.param("return None", "return 'ham'", False, id="the function"),
        pytest.param("WORDS = ['airport']", "WORDS = ['airport', 'gate']", False, id="a constant that it uses"),
        pytest.param("len(text) > 2", "len(text) > 3", False, id="a function that it uses"),
        pytest.param("UNUSED = 1", "UNUSED = 2", True, id="a constant that it does not use"),
        pytest.param("@labeling_function", "", True, id="being declared a labeling function"),
        pytest.param("@decorated", "", False, id="a decorator"),
        pytest.param("BESIDE = 1", "BESIDE = 2", False, id="a file beside it that it imports"),
    ],
)
def test_what_a_function_in_a_file_uses_is_part_of_its_fingerprint(tmp_path, before, after, is_same):
    file = """
        import beside_it
        from nacre.functions import labeling_function
        WORDS = ['airport']
        UNUSED = 1
        def decorated(function): return function
        def is_long(text): return len(text) > 2
        @labeling_function
        @decorated
        def airport(text):
            if is_long(text) and WORDS[0] in text and beside_it.BESIDE: return "spam"
            return None
    """
    beside = "BESIDE = 1"

    def fingerprint(change):
        (tmp_path / "functions.py").write_text(change(textwrap.dedent(file)))
        (tmp_path / "beside_it.py").write_text(change(beside))
        return Code("f", "functions.py:airport").resolve(Context(folder=tmp_path)).fingerprint

    first = fingerprint(lambda text: text)

    assert (fingerprint(lambda text: text.replace(before, after)) == first) == is_same


def test_editing_the_file_of_an_imported_function_does_not_pass_its_votes_for_new_ones(tmp_path):
    path = tmp_path / "edited.py"
    path.write_text("def f(text):\n    return 'spam'\n")
    running = Code("f", load_function(CodeFile(path, "f")))
    same = Code("f", "edited.py:f", folder=tmp_path)
    assert running.fingerprint == same.fingerprint

    path.write_text("def f(text):\n    return 'ham'\n")
    edited = Code("f", "edited.py:f", folder=tmp_path)

    assert len({Code("f", running.function).fingerprint, running.fingerprint, edited.fingerprint}) == 3


def test_a_function_in_a_file_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "sibling_words.py").write_text("WORDS = ('airport',)\n")
    (tmp_path / "functions.py").write_text(
        "from sibling_words import WORDS\n\ndef airport(text):\n    return 'spam' if WORDS[0] in text else None\n"
    )

    label_matrix = apply(
        [Code("f", "functions.py:airport")], table(["airport", "x"]), SCHEMA, context=Context(folder=tmp_path)
    )

    assert label_matrix.to_dense()[:, 0].tolist() == [1, -1]


def test_naming_a_file_runs_nothing(tmp_path):
    (tmp_path / "f.py").write_text("raise SystemExit('it ran')\ndef f(text): return None\n")
    code = Code("f", "f.py:f").resolve(Context(folder=tmp_path))

    assert code.reads == ("text",)
    assert code.fingerprint
    with pytest.raises(SpecError, match="failed: SystemExit: it ran"):
        code.vote(table(["x"]), SCHEMA)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(None, "cannot be read", id="no file"),
        pytest.param("def g(text): pass", "no function `f`", id="another name"),
        pytest.param("def f(text) pass", "not valid Python: .*line 1", id="no Python"),
        pytest.param("async def f(text): return None", "plain `def`", id="coroutine"),
        pytest.param("def f(text):\n    yield 'spam'", "uses `yield`", id="generator"),
        pytest.param("def f(*texts): return None", "Name the fields", id="any fields"),
        pytest.param("def f(): return None", "Name the fields", id="no field"),
        pytest.param("f = 3", "no function `f`", id="no function"),
        pytest.param("def f(text): return None\n\x00", "not valid Python", id="a null byte"),
    ],
)
def test_code_that_cannot_vote_is_refused_before_it_runs(tmp_path, source, message):
    if source is not None:
        (tmp_path / "f.py").write_text(source)

    with pytest.raises(NacreError, match=message):
        assert Code("f", "f.py:f").resolve(Context(folder=tmp_path)).reads


def test_a_lambda_and_a_class_are_refused():
    with pytest.raises(SpecError, match="made with `def`"):
        Code("f", str.upper)
    with pytest.raises(SpecError, match="with `def`"):
        assert Code("f", lambda text: None).reads


def test_a_generator_inside_a_function_is_its_own_business():
    def first_word(text):
        def words():
            yield from (text or "").split()

        return "spam" if next(words(), "") == "free" else None

    assert votes_of(Code("f", first_word), table(["free cash", "x", None]))[0] == [1, -1, -1]

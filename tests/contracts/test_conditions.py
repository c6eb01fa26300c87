"""What every condition promises. A new condition joins by an instance in `conditions_under_test`."""

import re

import orjson
import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conditions_under_test import CONDITIONS, CONTEXT, ODD_TEXTS, identifier, table
from nacre.data import Classes, Dataset, Spans
from nacre.engine import MemoryStore
from nacre.errors import NacreError, SchemaError, SpecError
from nacre.functions import AllOf, AnyOf, Context, Expression, Keyword, Member, Not, Pattern, Rule, condition_from_spec
from nacre.labeling import apply

SCHEMA = Classes(("ham", "spam"))
each_condition = pytest.mark.parametrize("condition", CONDITIONS, ids=identifier)
texts_of_any_kind = st.lists(st.one_of(st.none(), st.text(max_size=30), st.sampled_from(ODD_TEXTS)), max_size=12)


class CountingStore(MemoryStore):
    """A store that counts what is put into it."""

    n_puts = 0

    def put(self, key, frame):
        self.n_puts += 1
        super().put(key, frame)


def holds(condition, frame, context=CONTEXT):
    """Return where a condition holds, computed by `apply`: [True, False, ...]."""
    rule = Rule("rule", condition, label="spam", otherwise="ham")
    dense = apply([rule], frame, SCHEMA, context=context).to_dense()
    return [code == 1 for code in dense[:, 0].tolist()]


@each_condition
def test_a_condition_holds_or_does_not_whatever_the_text(condition):
    rule = Rule("rule", condition, label="spam", otherwise="ham")

    codes = apply([rule], table(), SCHEMA, context=CONTEXT).to_dense()

    assert set(codes[:, 0].tolist()) <= {0, 1}


@each_condition
@given(texts=texts_of_any_kind)
def test_a_condition_is_total_on_any_texts(condition, texts):
    assert len(holds(condition, table(texts))) == len(texts)


@each_condition
def test_a_condition_is_equal_after_a_round_trip_through_its_spec(condition):
    again = condition_from_spec(orjson.loads(orjson.dumps(condition.spec())))

    assert again == condition
    assert hash(again) == hash(condition)
    assert again.fingerprint == condition.fingerprint
    assert again.resolve(CONTEXT).fingerprint == condition.resolve(CONTEXT).fingerprint


@each_condition
def test_any_chunking_gives_the_same_answers(condition):
    frame = table(ODD_TEXTS * 3)
    whole = holds(condition, frame)

    gaps = frame.with_row_index("row_id").with_columns(
        (pl.col("row_id").cast(pl.Int64) // 7) * 65_536 + pl.col("row_id")
    )

    assert len(Dataset.from_frame(gaps).chunks) > 5
    assert holds(condition, gaps) == whole


@each_condition
def test_spans_lie_inside_the_text_where_the_condition_holds(condition):
    resolved = condition.resolve(CONTEXT)
    if resolved.spans() is None:
        pytest.skip("this condition has no place in the text")
    plain = [name for name in resolved.reads if "@" in name]
    assert not plain, "conditions on derived columns have no spans"

    frame = table().select("text", spans=resolved.spans(), holds=resolved.expr())

    for text, spans, is_held in frame.iter_rows():
        assert bool(spans) == is_held or isinstance(condition, AllOf | AnyOf)
        for span in spans:
            assert 0 <= span["start"] < span["end"] <= len(text)
        starts = [span["start"] for span in spans]
        assert starts == sorted(starts)


@each_condition
def test_a_huge_text_is_read_like_any_other(condition):
    huge = "lorem ipsum 12 dolor free cash " * 340_000  # 10 MB

    assert holds(condition, table([huge, None, "x"]))[1:] == holds(condition, table(["x", None, "x"]))[1:]


@each_condition
def test_an_empty_table_gives_an_empty_answer(condition):
    assert holds(condition, table([])) == []


@each_condition
def test_renaming_or_relabelling_a_rule_recomputes_nothing(condition):
    store, frame = CountingStore(), table()
    apply([Rule("one", condition, label="spam")], frame, SCHEMA, store=store, context=CONTEXT)
    n_puts = store.n_puts

    apply([Rule("other", condition, label="ham", otherwise="spam")], frame, SCHEMA, store=store, context=CONTEXT)

    assert store.n_puts == n_puts


@each_condition
def test_double_negation_is_the_condition_itself(condition):
    assert ~~condition == condition
    assert holds(~condition, table()) == [not is_held for is_held in holds(condition, table())]


plain_conditions = st.sampled_from(CONDITIONS[:13])


@given(first=plain_conditions, second=plain_conditions)
def test_de_morgan(first, second):
    frame = table()

    assert holds(~(first & second), frame) == holds(~first | ~second, frame)
    assert holds(~(first | second), frame) == holds(~first & ~second, frame)


@given(first=plain_conditions, second=plain_conditions, third=plain_conditions)
def test_composition_is_flat_whatever_the_brackets(first, second, third):
    assert (first & second) & third == first & (second & third)
    assert (first | second) | third == first | (second | third)
    assert isinstance(Not(first) & second, AllOf)


nested = st.recursive(
    st.sampled_from(CONDITIONS),
    lambda parts: st.one_of(
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AllOf(tuple(found))),
        st.lists(parts, min_size=1, max_size=3).map(lambda found: AnyOf(tuple(found))),
        parts.map(Not),
    ),
    max_leaves=12,
)


@given(condition=nested)
def test_compositions_of_any_depth_survive_the_round_trip(condition):
    again = condition_from_spec(condition.spec())

    assert again == condition
    assert again.fingerprint == condition.fingerprint
    assert holds(again, table()) == holds(condition, table())


def test_a_composition_may_be_deep():
    condition = Keyword("text", "cash")
    for _ in range(30):
        condition = Not(AllOf((condition, Keyword("text", "free"))))

    assert condition_from_spec(condition.spec()) == condition
    assert len(holds(condition, table())) == len(ODD_TEXTS)


def test_a_composition_that_is_endless_is_refused_with_the_limit():
    spec = {"keyword": ["text", "cash"]}
    for _ in range(5_000):
        spec = {"not": {"all": [spec]}}

    with pytest.raises(SpecError, match="nested"):
        condition_from_spec(spec)


# Letters that Python and the engine fold and bound in the same way: what differs is tested by hand below.
ALPHABET = "abcABC \n\t.$+-_09\u00e9\u00c9\u00df\u4e2d\u200b\U0001f600"


@given(
    texts=st.lists(st.text(ALPHABET, max_size=40), min_size=1, max_size=8),
    keyword=st.text("abC \u00e9+", min_size=1, max_size=4),
)
@pytest.mark.parametrize("match", ["word", "prefix", "substring", "literal"])
def test_spans_of_keywords_are_those_of_python(match, texts, keyword):
    if not keyword.strip():
        return
    condition = Keyword("text", (keyword, "ab"), match=match)
    expected = [[found.span() for found in re.finditer(python_pattern((keyword, "ab"), match), text)] for text in texts]

    frame = pl.DataFrame({"text": texts}).select(spans=condition.spans(), holds=condition.expr())

    assert [[(span["start"], span["end"]) for span in row] for row in frame["spans"].to_list()] == expected
    assert frame["holds"].to_list() == [bool(spans) for spans in expected]


def python_pattern(keywords, match):
    """Return the pattern of `Keyword` as Python writes it, the slow way."""
    alternatives = []
    for keyword in sorted(keywords, key=len, reverse=True):
        if match == "literal":
            alternatives.append(re.escape(keyword))
            continue
        words = keyword.split()
        start = r"\b" if match != "substring" and re.match(r"\w", words[0]) else ""
        end = r"\b" if match == "word" and re.search(r"\w$", words[-1]) else ""
        alternatives.append(start + r"\s+".join(map(re.escape, words)) + end)
    return re.compile("|".join(alternatives), re.IGNORECASE)


@given(
    texts=st.lists(
        st.one_of(st.text(max_size=30), st.sampled_from([t for t in ODD_TEXTS if t])), min_size=1, max_size=8
    ),
    pattern=st.sampled_from(
        ["[a-c]+", "cash|free", r"\n.", "[^a-z]", "e.", "a|ab", "\U0001f600", ".", "(?s)..?", "x{2}"]
    ),
)
def test_spans_of_patterns_are_those_of_python(texts, pattern):
    expected = [[found.span() for found in re.finditer(pattern, text)] for text in texts]

    frame = pl.DataFrame({"text": texts}).select(spans=Pattern("text", pattern).spans())

    assert [[(span["start"], span["end"]) for span in row] for row in frame["spans"].to_list()] == expected


@given(text=st.text(max_size=30))
def test_lower_case_keeps_every_place(text):
    spans = pl.DataFrame({"text": [text]}).select(Pattern("text", ".", lower=True).spans()).item().to_list()

    assert len(spans) == len([character for character in text if character != "\n"])


@pytest.mark.parametrize(
    ("keyword", "text", "is_held"),
    [
        pytest.param("cafe", "cafe\u0301", False, id="a combining mark belongs to the word"),
        pytest.param("cafe\u0301", "cafe\u0301s", False, id="a word may end in a combining mark"),
        pytest.param("cafe\u0301", "a cafe\u0301!", True, id="decomposed letters"),
        pytest.param("x\u00b2", "x\u00b2 + y", True, id="a superscript is no word character"),
        pytest.param("c++", "c++11", True, id="no border beside a symbol"),
        pytest.param("free cash", "free \n cash", True, id="any white space"),
        pytest.param("\U0001f600", "ok\U0001f600ok", True, id="emoji"),
        pytest.param("na\u00efve", "NA\u00cfVE", True, id="case beyond ASCII"),
    ],
)
def test_borders_of_words(keyword, text, is_held):
    assert holds(Keyword("text", keyword), table([text])) == [is_held]
    assert holds(Member("text", (keyword,), within=True), table([text])) == [is_held]


@given(texts=st.lists(st.text("ab c+$", max_size=25), min_size=1, max_size=6))
def test_a_large_dictionary_finds_what_a_small_one_finds(texts):
    small = ("a", "a b", "ab c", "c++", "$", "b a b")
    large = small + tuple(f"zz{i}" for i in range(500))

    for condition, other in [(Member("text", small, within=True), Member("text", large, within=True))]:
        assert holds(condition, table(texts)) == holds(other, table(texts))
        frame = pl.DataFrame({"text": texts}).select(few=condition.spans(), many=other.spans())
        assert frame["few"].to_list() == frame["many"].to_list()


def test_one_text_with_thousands_of_terms_is_searched_in_parts():
    terms = tuple(f"a{i} b{i}" for i in range(2_000))
    text = " ".join(terms)

    condition = Member("text", terms, within=True)

    spans = pl.DataFrame({"text": [text, "a1 b2"]}).select(condition.spans()).to_series().to_list()
    assert [text[span["start"] : span["end"]] for span in spans[0]] == list(terms)
    assert spans[1] == []


@pytest.mark.parametrize(
    ("name", "content", "arguments", "expected"),
    [
        pytest.param("ips.txt", "10.0.0.1\n\n 10.0.0.2 \n", {}, ["10.0.0.1", "10.0.0.2"], id="a value a line"),
        pytest.param("ips.csv", "note,ip\nx,10.0.0.1\ny,\n", {"column": "ip"}, ["10.0.0.1"], id="a column of a table"),
        pytest.param("t.json", '["A", 7, true, null]', {}, ["7", "a", "true"], id="a JSON list"),
        pytest.param(
            "t.json",
            '{"rose": "flower", "oak": "x"}',
            {"under": "flower"},
            ["flower", "rose"],
            id="a JSON hierarchy",
        ),
        pytest.param("t.json", '{"car": ["auto", "automobile"]}', {}, ["auto", "automobile", "car"], id="synonyms"),
        pytest.param(
            "t.json",
            '{"a": {"parent": "b", "synonyms": ["x"]}, "b": "a"}',
            {"under": "a"},
            ["a", "b", "x"],
            id="a circle ends",
        ),
        pytest.param(
            "t.csv",
            "id,term,parent\n1,flower,\n2,rose,1\n3,tea rose,2\n4,oak,5\n",
            {"under": ("rose",)},
            ["rose", "tea rose"],
            id="parents by id",
        ),
        pytest.param(
            "t.csv", "term,parent\nmule,horse|donkey\n", {"under": "donkey"}, ["donkey", "mule"], id="two parents"
        ),
    ],
)
def test_knowledge_files_are_read(tmp_path, name, content, arguments, expected):
    (tmp_path / name).write_text(content, encoding="utf-8-sig")

    member = Member("text", {"file": name}, **arguments).resolve(Context(folder=tmp_path))

    assert member.terms.to_list() == expected


def test_a_parquet_file_is_read(tmp_path):
    pl.DataFrame({"term": ["Paris", "Rome"]}).write_parquet(tmp_path / "towns.parquet")

    assert holds(Member("text", {"file": "towns.parquet"}), table(["rome", "Oslo"]), Context(folder=tmp_path)) == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        pytest.param(None, {}, "cannot be read", id="missing"),
        pytest.param("", {}, "holds no value", id="empty"),
        pytest.param("\n \n", {}, "holds no value", id="blank lines"),
        pytest.param("rose\n", {"under": "rsoe"}, "Did you mean `rose`", id="unknown ancestor"),
        pytest.param(b"\xff\xfe\x00", {}, "not UTF-8 text", id="not text"),
    ],
)
def test_a_knowledge_file_that_is_of_no_use_is_named(tmp_path, content, arguments, message):
    if content is not None:
        (tmp_path / "t.txt").write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(SpecError, match=message):
        Member("text", {"file": "t.txt"}, **arguments).resolve(Context(folder=tmp_path))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("t.json", "{", "not JSON", id="broken JSON"),
        pytest.param("t.json", "3", "expected a list or an object", id="JSON of another kind"),
        pytest.param("t.json", '{"a": {"parnet": "b"}}', "no `parnet`", id="unknown key"),
        pytest.param("t.csv", "", "empty", id="empty table"),
        pytest.param("t.csv", "term\n", "holds no value", id="table without rows"),
        pytest.param("t.parquet", "x", "not Parquet", id="broken Parquet"),
    ],
)
def test_a_broken_table_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)

    with pytest.raises(SpecError, match=message):
        Member("text", {"file": name}).resolve(Context(folder=tmp_path))


def test_a_missing_column_of_a_table_is_named(tmp_path):
    (tmp_path / "t.csv").write_text("ip,note\n1,2\n")

    with pytest.raises(SchemaError, match="Did you mean `ip`"):
        Member("text", {"file": "t.csv"}, column="ips").resolve(Context(folder=tmp_path))


def test_editing_a_knowledge_file_recomputes_and_moving_it_does_not(tmp_path):
    (tmp_path / "a.txt").write_text("cash\n")
    store, frame, context = CountingStore(), table(), Context(folder=tmp_path)

    def n_computed(name):
        before = store.n_puts
        apply([Rule("r", Member("text", {"file": name}), label="spam")], frame, SCHEMA, store=store, context=context)
        return store.n_puts - before

    assert n_computed("a.txt") == 1
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert n_computed("b.txt") == 0
    (tmp_path / "b.txt").write_text("cash\nfree\n")
    assert n_computed("b.txt") == 1


def test_a_file_that_is_needed_but_not_read_is_said():
    with pytest.raises(SpecError, match="read when functions are applied"):
        Member("text", {"file": "a.txt"}).expr()


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"keywrod": ["text", "x"]}, "Did you mean `keyword`", id="unknown kind"),
        pytest.param({"keyword": {"feild": "text", "keywords": ["x"]}}, "Did you mean `field`", id="unknown key"),
        pytest.param({"keyword": ["text"]}, "lacks `keywords`", id="missing value"),
        pytest.param({"keyword": ["text", ["x"], "word", 1]}, "at most 3", id="too many values"),
        pytest.param({"keyword": ["^t.*$", "x"]}, "several", id="a selector as field"),
        pytest.param({"keyword": ["*", "x"]}, "several", id="every field"),
        pytest.param({"keyword": [3, "x"]}, "is text", id="a number as field"),
        pytest.param({"keyword": ["text", None]}, "cannot be made", id="null as keywords"),
        pytest.param({"near": ["text", 3]}, "cannot be made", id="a number as example"),
        pytest.param({"member": ["text", [["a"]]]}, "A set holds values", id="lists in a set"),
        pytest.param({"pattern": ["text", "x", "yes"]}, "true or false", id="text as switch"),
        pytest.param({"pattern": ["text", "(?=x)y"]}, "no look-around", id="look-around"),
        pytest.param({"pattern": ["text", r"(a)\1"]}, "no back-references", id="back-reference"),
        pytest.param({"pattern": ["text", "a*"]}, "empty string", id="empty match"),
        pytest.param({"pattern": ["text", r"\b"]}, "empty string", id="empty match at a border"),
        pytest.param({"pattern": ["text", "(?m)^"]}, "empty string", id="empty match at a line"),
        pytest.param({"pattern": ["text", "("]}, "unclosed group", id="open group"),
        pytest.param({"all": []}, "at least one", id="empty composition"),
        pytest.param({"all": {"keyword": ["text", "x"]}}, "takes a list", id="object instead of list"),
        pytest.param({"not": "x"}, "one kind", id="text instead of condition"),
        pytest.param({}, "one kind", id="empty object"),
        pytest.param({"keyword": ["text", "x"], "not": {}}, "one kind", id="two kinds"),
        pytest.param({"member": ["text", "blacklist.txt"]}, "list of values", id="file without its key"),
        pytest.param({"member": ["text", []]}, "empty set", id="empty set"),
        pytest.param({"near": ["text"]}, "either `like`", id="near nothing"),
        pytest.param({"near": {"field": "text", "like": "x", "min_similarity": 1.5}}, "at most 1", id="similarity"),
        pytest.param({"near": {"field": "text", "centre": [0, 0]}}, "zeros", id="centre of zeros"),
        pytest.param({"says": ["text", "English"]}, "code such as", id="name of a language"),
        pytest.param({"says": ["text", "tlh"]}, "can be told; found 'tlh', known are ace", id="unknown language"),
    ],
)
def test_a_spec_outside_the_grammar_is_refused_with_what_to_do(spec, message):
    with pytest.raises(SpecError, match=message):
        condition_from_spec(spec)


def test_more_keywords_than_one_search_can_hold_are_sent_to_a_dictionary():
    words = tuple(f"word{i}" for i in range(5_001))

    with pytest.raises(SpecError, match="`member` with `within: true`"):
        Keyword("text", words)
    assert holds(Member("text", words, within=True), table(["a word77 b", "word"])) == [True, False]


def test_conditions_are_written_in_yaml_as_people_write_it():
    text = """
    all:
      - keyword: [text, free cash]
      - not: {any: [{expression: flag}, {member: [number, [3, 4]]}]}
      - member: [day, [2024-12-31]]
      - member: {field: number, of: {1: small, 2: small, 9: big}, under: small}
    """

    condition = condition_from_spec(yaml.safe_load(text))

    assert condition_from_spec(orjson.loads(orjson.dumps(condition.spec()))) == condition
    assert condition.reads == ("text", "flag", "number", "day")
    assert condition.conditions[3].terms.to_list() == ["1", "2", "small"]


def test_resolved_values_are_no_part_of_the_grammar():
    with pytest.raises(SpecError, match="no key `terms`"):
        condition_from_spec({"member": {"field": "text", "of": ["x"], "terms": ["y"]}})


def test_a_text_condition_on_numbers_is_refused_before_anything_is_computed():
    with pytest.raises(SchemaError, match="`number` is Int64"):
        holds(Keyword("number", "x"), table())


def test_spans_of_a_negation_are_refused():
    schema = Spans(("money",), "text")

    with pytest.raises(SchemaError, match="no place in the text"):
        apply([Rule("r", ~Keyword("text", "cash") & Keyword("text", "free"), label="money")], table(), schema)


def test_spans_of_a_conjunction_are_those_of_its_first_part_where_the_others_hold():
    condition = Keyword("text", "cash") & Keyword("text", "free")

    spans = pl.DataFrame({"text": ["free cash", "cash"]}).select(condition.spans()).to_series().to_list()

    assert spans == [[{"start": 5, "end": 9}], []]


def test_spans_of_a_disjunction_are_united_in_text_order():
    condition = Keyword("text", "cash") | Keyword("text", "free") | Keyword("text", "free cash")

    spans = pl.DataFrame({"text": ["free cash", "x"]}).select(condition.spans()).to_series().to_list()

    assert [[(s["start"], s["end"]) for s in row] for row in spans] == [[(0, 4), (0, 9), (5, 9)], []]


def test_a_condition_has_no_truth_value():
    with pytest.raises(TypeError, match="compose with"):
        bool(Keyword("text", "x"))


def test_near_a_text_without_words_is_refused():
    from nacre.functions import Near

    with pytest.raises(SpecError, match="Give another example"):
        Near("text", "xyz", embedding="letters").resolve(CONTEXT)


def test_a_centre_of_another_embedding_is_refused():
    from nacre.functions import Near

    with pytest.raises(NacreError, match="2 numbers"):
        Near("text", centre=(1.0, 0.0), embedding="letters").resolve(CONTEXT)


def test_a_derived_column_can_be_read_by_an_expression():
    assert holds(Expression("\"text@language\" = 'en'"), table())[17] is True

import datetime
import json
import sys
import zipfile
from io import BytesIO

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre._hashing import hash_json
from nacre.data import Classes
from nacre.errors import SchemaError, SpecError, UnknownFieldError, WorkspaceError
from nacre.evaluation import Benchmark, Criterion, Evaluator, catalogue_evaluator, evaluate
from nacre.evaluation._benchmark_file import ABOUT, PROMPTS, _digest
from nacre.functions import Code, Context, Keyword, Model, Pattern, Says, Slice

ASKED = pl.DataFrame(
    {
        "prompt_id": ["a", "b", "c"],
        "prompt": ["What is 2 + 2?", "Who are you?", "\u00bfQu\u00e9 tiempo hace hoy en Madrid?"],
        "reference": ["4", None, "Sol"],
        "contexts": [["Sums."], [], None],
        "metadata": [{"source": "x", "n": 1}, {"source": "y", "n": None}, None],
        "topic": ["sums", "self", "weather"],
    }
)
SLICES = [Slice("sums", Pattern("prompt", "[0-9]")), Slice("spanish", Says("prompt", "es"))]
STYLE = Criterion("style", scale=Classes(("poor", "fair", "good"), ordered=True), passes="fair", target=0.8)


def exam(**changes):
    parts = {
        "prompts": ASKED,
        "slices": SLICES,
        "criteria": [STYLE],
        "evaluators": [
            catalogue_evaluator("contains_reference"),
            Evaluator("thanks", Criterion("polite"), Keyword("response", ("thank you",))),
        ],
    }
    return Benchmark("exam", **{**parts, **changes})


def rewritten(path, **parts):
    """Write the file again with other bytes for some of its parts; None leaves one out."""
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**kept, **parts}.items():
            if data is not None:
                archive.writestr(name, data)


def about(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(ABOUT))


def test_the_criteria_of_the_evaluators_belong_to_the_benchmark():
    assert [criterion.name for criterion in exam().criteria] == ["style", "contains_reference", "polite"]


def test_saving_and_loading_gives_the_same_benchmark(tmp_path):
    benchmark = exam()

    benchmark.save(tmp_path / "exam.nacre")
    loaded = Benchmark.load(tmp_path / "exam.nacre")

    assert loaded.version == benchmark.version
    assert loaded.prompts.equals(benchmark.prompts)
    assert (loaded.name, loaded.slices, loaded.criteria) == ("exam", benchmark.slices, benchmark.criteria)
    assert [part.spec() for part in loaded.evaluators] == [part.spec() for part in benchmark.evaluators]
    assert loaded.changed() == ()
    assert list(tmp_path.iterdir()) == [tmp_path / "exam.nacre"]


def test_equal_benchmarks_are_equal_files(tmp_path):
    for name in ("one", "two"):
        exam().save(tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_the_version_does_not_depend_on_order_or_name():
    other = Benchmark(
        "test",
        ASKED.reverse().select(reversed(ASKED.columns)),
        SLICES[::-1],
        [STYLE],
        exam().evaluators[::-1],
    )

    assert other.version == exam().version


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"prompts": ASKED.with_columns(reference=pl.lit("5"))}, id="a reference"),
        pytest.param({"prompts": ASKED.head(2)}, id="a prompt fewer"),
        pytest.param({"slices": SLICES[:1]}, id="a slice fewer"),
        pytest.param({"slices": [SLICES[0], Slice("spanish", Says("prompt", "pt"))]}, id="another slice"),
        pytest.param({"criteria": [Criterion("style", scale=STYLE.scale, passes="good", target=0.8)]}, id="a pass"),
        pytest.param({"criteria": [Criterion("style", scale=STYLE.scale, passes="fair", target=0.9)]}, id="a target"),
        pytest.param({"evaluators": [catalogue_evaluator("contains_reference")]}, id="an evaluator fewer"),
    ],
)
def test_the_version_changes_with(changes):
    assert exam(**changes).version != exam().version


@given(st.permutations(range(3)))
def test_prompts_may_come_in_any_order(order):
    assert exam(prompts=ASKED[list(order)]).version == exam().version


def test_responses_join_what_the_benchmark_knows_of_their_prompt():
    answers = pl.DataFrame(
        {"prompt_id": ["c", "a", "z", "a"], "response": ["Sol", "4", "?", "5"], "system": ["v1"] * 4}
    )

    found = exam().responses_of(answers)

    table = found.data.collect()
    assert table.select("prompt_id", "response", "reference", "topic", "repeat").rows() == [
        ("c", "Sol", "Sol", "weather", 0),
        ("a", "4", "4", "sums", 0),
        ("a", "5", "4", "sums", 1),
    ]
    assert found.missing.rows() == [("b", "Who are you?")]
    assert found.unknown.get_column("prompt_id").to_list() == ["z"]


def test_responses_without_ids_are_known_by_the_text_of_their_prompt():
    answers = pl.DataFrame({"question": ["Who are you?", "Why?"], "answer": ["Nacre", "?"]})

    found = exam().responses_of(answers, fields={"prompt": "question", "response": "answer"})

    assert found.data.collect(["prompt_id", "response"]).rows() == [("b", "Nacre")]
    assert len(found.missing) == 2
    assert found.unknown.get_column("prompt").to_list() == ["Why?"]


@pytest.mark.parametrize("own", [["four", "me", "rain"], [4, 5, 6]], ids=["text", "numbers"])
def test_a_reference_that_the_benchmark_does_not_have_stays_with_its_response(own):
    answers = pl.DataFrame({"prompt_id": ["a", "b", "c"], "response": ["4", "Nacre", "Sol"], "reference": own})

    found = exam().responses_of(answers).data.collect()

    assert found["reference"].to_list() == ["4", str(own[1]), "Sol"]


def test_contexts_that_were_retrieved_for_a_response_stay():
    answers = pl.DataFrame(
        {
            "prompt_id": ["a", "a"],
            "response": ["4", "4"],
            "contexts": [["found"], None],
            "reference": ["wrong", "wrong"],
        }
    )

    table = exam().responses_of(answers).data.collect()

    assert table["contexts"].to_list() == [["found"], ["Sums."]]
    assert table["reference"].to_list() == ["4", "4"]


@pytest.mark.parametrize(
    ("answers", "error", "message"),
    [
        pytest.param({"response": ["4"]}, UnknownFieldError, "`prompt_id`", id="nothing to match by"),
        pytest.param({"prompt_id": ["a"], "answer": ["4"]}, UnknownFieldError, "`response`", id="no response"),
        pytest.param(
            {"prompt_id": ["a"], "prompt": ["Who are you?"], "response": ["4"]},
            SchemaError,
            "another prompt than the benchmark",
            id="ids of another order",
        ),
    ],
)
def test_responses_that_cannot_be_matched_are_refused(answers, error, message):
    with pytest.raises(error, match=message):
        exam().responses_of(pl.DataFrame(answers))


def test_equal_prompts_with_ids_of_their_own_are_matched_by_id_alone():
    benchmark = Benchmark("b", pl.DataFrame({"prompt": ["Hi", "Hi"], "prompt_id": ["1", "2"], "reference": ["x", "y"]}))

    found = benchmark.responses_of(pl.DataFrame({"prompt_id": [2, 1], "response": ["y", "x"]}))

    assert found.data.collect()["reference"].to_list() == ["y", "x"]
    with pytest.raises(SchemaError, match="same text"):
        benchmark.responses_of(pl.DataFrame({"prompt": ["Hi"], "response": ["y"]}))


def test_gaps_are_the_slices_with_fewer_than_thirty_prompts():
    many = pl.DataFrame({"prompt": [f"Number {i}" for i in range(40)] + ["Who?"] * 1})
    slices = [
        Slice("digits", Pattern("prompt", "[0-9]")),
        Slice("who", Pattern("prompt", "Who")),
        Slice("chinese", Says("prompt", "zh")),
        Slice("long", Pattern("response", ".{100}")),
    ]

    gaps = Benchmark("many", many, slices).gaps()

    assert [(gap.slice, gap.kind, gap.n, gap.n_wanted) for gap in gaps] == [
        ("who", "thin", 1, 29),
        ("chinese", "empty", 0, 30),
    ]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        pytest.param({"prompts": ASKED.drop("prompt")}, UnknownFieldError, "`prompt`", id="no prompt"),
        pytest.param({"prompts": pl.concat([ASKED, ASKED])}, SchemaError, "more than once", id="a prompt twice"),
        pytest.param(
            {"prompts": ASKED.with_columns(response=pl.lit("x"))}, SchemaError, "no `response`", id="responses"
        ),
        pytest.param({"slices": SLICES * 2}, SpecError, "Two slices are called `spanish`", id="a slice twice"),
        pytest.param({"slices": [Pattern("prompt", "a")]}, SpecError, "are `Slice`", id="no slice"),
        pytest.param({"criteria": [Criterion("polite", "Kind.")]}, SpecError, "Two criteria", id="another criterion"),
    ],
)
def test_what_makes_no_benchmark_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        exam(**changes)


def own_code(folder, text="def overlap(outputs, reference):\n    return outputs == reference\n"):
    (folder / "evaluators.py").write_text(text)
    evaluator = Evaluator("overlap", Criterion("correct"), Code("overlap", "evaluators.py:overlap", folder=folder))
    return Benchmark("own", ASKED, evaluators=[evaluator], context=Context(folder=folder))


def test_python_functions_are_named_and_not_run_when_a_benchmark_is_loaded(tmp_path):
    own_code(tmp_path, "import sys\nsys.was_run = True\ndef overlap(outputs):\n    return True\n").save(
        tmp_path / "own"
    )

    loaded = Benchmark.load(tmp_path / "own")

    assert loaded.changed() == ()
    assert not hasattr(sys, "was_run")
    assert about(tmp_path / "own")["evaluators"]["overlap"]["code"] == "evaluators.py:overlap"


def test_a_function_object_is_saved_by_where_it_lives(tmp_path, monkeypatch):
    (tmp_path / "my_evaluators.py").write_text(
        "from nacre.functions import labeling_function\n\n"
        "@labeling_function\ndef overlap(outputs, reference):\n    return outputs == reference\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import my_evaluators

    evaluator = Evaluator("overlap", Criterion("correct"), my_evaluators.overlap)
    benchmark = Benchmark("own", ASKED, evaluators=[evaluator], context=Context(folder=tmp_path))

    benchmark.save(tmp_path / "own")

    assert about(tmp_path / "own")["evaluators"]["overlap"]["code"] == "my_evaluators.py:overlap"
    assert Benchmark.load(tmp_path / "own").changed() == ()
    with pytest.raises(SpecError, match="outside"):
        Benchmark("own", ASKED, evaluators=[evaluator], context=Context(folder=tmp_path / "other")).save(tmp_path / "b")


OUTSIDE = ["../evil.py", "a/../../evil.py", "/tmp/evil.py", "C:\\evil.py", "\\\\host\\evil.py", "..\\evil.py"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("part", ["code", "list"])
def test_no_benchmark_reaches_outside_its_folder(tmp_path, path, part):
    benchmark = exam()
    benchmark.save(tmp_path / "exam.nacre")
    with zipfile.ZipFile(tmp_path / "exam.nacre") as archive:
        table = archive.read(PROMPTS)
    content = about(tmp_path / "exam.nacre")
    if part == "code":
        content["evaluators"]["evil"] = {"criterion": "polite", "code": f"{path}:overlap"}
    else:
        content["slices"]["evil"] = {"not": {"member": ["prompt", {"file": path}]}}
    content.pop("hash")
    content["hash"] = hash_json(content)
    with zipfile.ZipFile(tmp_path / "evil.nacre", "w") as archive:
        archive.writestr(ABOUT, json.dumps(content))
        archive.writestr(PROMPTS, table)

    with pytest.raises(SpecError, match=r"`evil` of the benchmark names .* outside its folder"):
        Benchmark.load(tmp_path / "evil.nacre")


def test_no_benchmark_is_saved_that_reaches_outside_its_folder(tmp_path):
    evaluator = Evaluator("overlap", Criterion("correct"), Code("overlap", "../evil.py:overlap", folder=tmp_path))

    with pytest.raises(SpecError, match="outside its folder"):
        Benchmark("own", ASKED, evaluators=[evaluator], context=Context(folder=tmp_path)).save(tmp_path / "own")


@pytest.mark.parametrize(
    "text", ["def overlap(outputs, reference):\n    return True\n", None], ids=["edited", "missing"]
)
def test_code_that_is_not_what_it_was_is_named(tmp_path, text):
    own_code(tmp_path).save(tmp_path / "own")
    if text is None:
        (tmp_path / "evaluators.py").unlink()
    else:
        (tmp_path / "evaluators.py").write_text(text)

    loaded = Benchmark.load(tmp_path / "own")

    assert loaded.changed() == ("overlap",)
    assert loaded.version == about(tmp_path / "own")["version"]


def test_a_loaded_benchmark_scores_responses_as_before(tmp_path):
    own_code(tmp_path).save(tmp_path / "own")
    loaded = Benchmark.load(tmp_path / "own")
    answers = pl.DataFrame({"prompt_id": ["a", "c"], "response": ["4", "Lluvia"]})

    scores = evaluate(loaded.evaluators, loaded.responses_of(answers).data, context=loaded.context)

    assert scores.frame["value"].to_list() == [1, 0]


def test_a_model_that_only_the_runner_has_is_named(tmp_path):
    benchmark = exam(evaluators=[Evaluator("quality", Criterion("good"), Model("quality", "quality_model"))])

    benchmark.save(tmp_path / "b")

    assert Benchmark.load(tmp_path / "b").changed() == ()
    assert about(tmp_path / "b")["evaluators"]["quality"]["model"] == {"predictor": "quality_model"}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(b"name: exam"), id="no archive"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-40]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes().replace(b"polite", b"police")), id="edited text"),
        pytest.param(lambda path: rewritten(path, **{PROMPTS: None}), id="no prompts"),
        pytest.param(lambda path: rewritten(path, **{PROMPTS: b"PAR1"}), id="other prompts"),
        pytest.param(lambda path: rewritten(path, **{ABOUT: b"{"}), id="no JSON"),
        pytest.param(lambda path: rewritten(path, **{ABOUT: b'{"format": 2}'}), id="another format"),
        pytest.param(lambda path: rewritten(path, **{ABOUT: b'{"format": 1}'}), id="nothing in it"),
        pytest.param(lambda path: rewritten(path, **{"../evil.py": b"1"}), id="a path that leads out"),
        pytest.param(lambda path: path.unlink(), id="no file"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "exam.nacre"
    exam().save(path)
    damage(path)

    with pytest.raises(WorkspaceError):
        Benchmark.load(path)
    assert {part.name for part in tmp_path.iterdir()} <= {"exam.nacre"}


def test_every_byte_counts(tmp_path):
    path = tmp_path / "exam.nacre"
    exam().save(path)
    good = path.read_bytes()

    for place in range(0, len(good), 37):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        try:
            loaded = Benchmark.load(path)
        except WorkspaceError:
            continue
        assert loaded.version == exam().version  # a byte of the archive that carries nothing, such as a time


def test_compressed_parts_are_refused_before_they_unpack(tmp_path):
    path = tmp_path / "bomb.nacre"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(ABOUT, b"0" * 10_000_000)
        archive.writestr(PROMPTS, b"")

    with pytest.raises(WorkspaceError, match="compressed"):
        Benchmark.load(path)


def tampered(path, table):
    """Write a benchmark whose prompts are other bytes, with hashes that fit."""
    exam().save(path)
    content = {**about(path), "prompts": _digest(table)}
    content.pop("hash")
    rewritten(path, **{ABOUT: json.dumps({**content, "hash": hash_json(content)}), PROMPTS: table})


def stream(frame, compression="uncompressed"):
    buffer = BytesIO()
    frame.write_ipc_stream(buffer, compression=compression)
    return buffer.getvalue()


MANY = pl.DataFrame({"prompt_id": ["a" * 100] * 10_000, "prompt": ["b" * 100] * 10_000})


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(stream(MANY, "zstd"), id="zstd"),
        pytest.param(stream(MANY, "lz4"), id="lz4"),
        pytest.param(stream(pl.DataFrame({"prompt": pl.Series([None] * 1_000_000, dtype=pl.Null)})), id="nulls"),
        pytest.param(
            stream(pl.DataFrame({"prompt": pl.Series(["a" * 1000] * 2 + ["b" * 1000], dtype=pl.Categorical)}), "zstd"),
            id="categories",
        ),
        pytest.param(b"", id="nothing"),
        pytest.param(stream(MANY)[:-2000], id="cut off"),
        pytest.param(b"PAR1" * 100, id="no stream"),
    ],
)
def test_prompts_that_take_more_memory_than_their_file_are_refused(tmp_path, table):
    tampered(tmp_path / "bomb.nacre", table)

    with pytest.raises(WorkspaceError, match=r"its prompts are compressed|cannot be read"):
        Benchmark.load(tmp_path / "bomb.nacre")


def test_prompts_of_any_type_come_back(tmp_path):
    typed = ASKED.with_columns(
        day=pl.Series([datetime.date(2026, 1, 2), None, None]),
        kind=pl.Series(["a", "b", None], dtype=pl.Categorical),
        level=pl.Series(["low", "high", None], dtype=pl.Enum(["low", "high"])),
        nothing=pl.Series([None, None, None], dtype=pl.Null),
    )
    exam(prompts=typed).save(tmp_path / "exam.nacre")

    loaded = Benchmark.load(tmp_path / "exam.nacre").prompts

    assert loaded.to_dicts() == exam(prompts=typed).prompts.to_dicts()
    assert loaded.schema == exam(prompts=typed).prompts.schema


def test_a_failed_save_leaves_what_was_there(tmp_path):
    exam().save(tmp_path / "exam.nacre")

    with pytest.raises(SchemaError, match="There is no folder"):
        exam().save(tmp_path / "no folder" / "exam.nacre")
    assert Benchmark.load(tmp_path / "exam.nacre").version == exam().version

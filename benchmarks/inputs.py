"""Inputs of the benchmarks: texts and votes from fixed seeds, datasets where `NACRE_DATA` names them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nacre.functions import Condition, Keyword, Pattern, Rule

CLASSES = ("ham", "spam")
KEYWORDS = (
    ("free", "winner", "prize"),
    ("click here", "unsubscribe"),
    ("meeting", "agenda", "minutes"),
    ("account", "password"),
    ("thanks", "regards", "cheers"),
)
PATTERNS = (r"\d{3,}", r"[$]\s?\d+", r"(?i)https?://\S+", r"(?i)\bre:\s", r"[A-Z]{4,}")
OTHER_PATTERNS = (
    r"(?i)\bnew\b",
    r"(?i)offer(s|ed)?",
    r"[0-9]+%",
    r"(?i)call\s+(me|us|now)",
    r"!{2,}",
    r"(?i)today|tomorrow",
    r"(?i)^(hi|hello|dear)\b",
    r"\?$",
    r"(?i)loans?|credit",
    r"(?i)\b(the|a)\s+last\b",
)


class Spec(TypedDict):
    """A function as both sides read it: a regular expression that means the same in both engines, and an answer."""

    name: str
    pattern: str
    code: int


def texts(n: int, *, seed: int = 0) -> pl.DataFrame:
    """Return `n` short texts of ASCII words, 91 characters on average, in which the functions below find something."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlu"))
    words = np.array(["".join(rng.choice(letters, size)) for size in rng.integers(2, 10, 4_000)], dtype=object)
    hits = ["free", "winner", "click here", "meeting", "account", "thanks", "regards", "$ 100", "1234", "URGENT", "new"]
    hits += ["http://x.io/a", "RE: ", "offers", "50%", "call now", "today", "hello", "loan", "the last", "!!", "why?"]
    vocabulary = np.concatenate([words, np.repeat(np.array(hits, dtype=object), 40)])
    lengths = rng.integers(5, 24, n)
    drawn = vocabulary[rng.integers(0, len(vocabulary), lengths.sum())]
    bounds = np.concatenate([[0], lengths.cumsum()]).tolist()
    tokens = drawn.tolist()
    return pl.DataFrame({"text": [" ".join(tokens[bounds[i] : bounds[i + 1]]) for i in range(n)]})


def responses(n: int, *, seed: int = 0) -> pl.DataFrame:
    """Return `n` different prompts, responses of 275 characters on average, and references that overlap with them."""
    rng = np.random.default_rng(seed)
    pool = texts(20_000, seed=seed).get_column("text").to_list()
    drawn = rng.integers(0, len(pool), (n, 5)).tolist()
    return pl.DataFrame(
        {
            "prompt": [f"{pool[row[0]]} {number}?" for number, row in enumerate(drawn)],
            "response": [f"{pool[row[1]]}. {pool[row[2]]}. {pool[row[3]]}." for row in drawn],
            "reference": [f"{pool[row[2]]} {pool[row[4]]}" for row in drawn],
        }
    )


def utterances(n: int) -> tuple[pl.Series, str]:
    """Return texts for the large runs and where they are from; repeated until there are `n`."""
    folder = dataset("scale_sgd_dialogues")
    if folder is None:
        source, base = "generated text", texts(min(n, 300_000)).get_column("text")
    else:
        source, base = "scale_sgd_dialogues", pl.read_parquet(folder / "utterances.parquet").get_column("text")
    repeats = -(-n // len(base))
    return pl.concat([base] * repeats).head(n), f"{source} x {n / len(base):.3g}"


def ten_conditions() -> list[Condition]:
    """Return five keyword and five pattern conditions."""
    return [*(Keyword("text", words) for words in KEYWORDS), *(Pattern("text", pattern) for pattern in PATTERNS)]


def ten_patterns() -> list[Condition]:
    """Return ten conditions of one regular expression each."""
    return [Pattern("text", pattern) for pattern in (*PATTERNS, *OTHER_PATTERNS[:5])]


def ten_compositions() -> list[Condition]:
    """Return ten conditions of two regular expressions each."""
    first = [*PATTERNS, *OTHER_PATTERNS[:5]]
    second = [*OTHER_PATTERNS[5:], *(rf"(?i)\b{words[0]}\b" for words in KEYWORDS)]
    pairs = [(Pattern("text", a), Pattern("text", b)) for a, b in zip(first, second, strict=True)]
    return [(a & ~b) if place % 2 else (a | b) for place, (a, b) in enumerate(pairs)]


def rules(conditions: list[Condition]) -> list[Rule]:
    """Return a rule for each condition, voting for the two classes in turn."""
    return [Rule(f"f{i}", condition, label=CLASSES[i % 2]) for i, condition in enumerate(conditions)]


def specs_of_ten() -> list[Spec]:
    """Return the functions of `ten_conditions` as plain regular expressions."""
    alternatives = ["|".join(words).replace(" ", r"\s+") for words in KEYWORDS]
    words = [rf"(?i)\b(?:{alternative})\b" for alternative in alternatives]
    return [Spec(name=f"f{i}", pattern=p, code=i % 2) for i, p in enumerate([*words, *PATTERNS])]


def fifty_rules() -> list[Rule]:
    """Return fifty rules of one pattern each; every word they look for occurs."""
    found = ["free", "winner", "click", "meeting", "account", "thanks", "regards", "call", "today", "hello"]
    patterns = [rf"(?i)\b{word}\b" for word in found]
    patterns += [rf"(?i)\b{word}\W+\w{{{n}}}\b" for word in found for n in (2, 3, 4, 5)]
    return rules([Pattern("text", pattern) for pattern in patterns])


def votes(n: int, m: int, k: int, *, seed: int = 0, coverage: float = 0.1) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return votes [n, m] of independent functions of accuracy U(.55, .95), -1 where they abstain, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n).astype(np.int8)
    dense = np.full((n, m), -1, dtype=np.int8)
    for j, accuracy in enumerate(rng.uniform(0.55, 0.95, m)):
        rows = np.flatnonzero(rng.random(n, dtype=np.float32) < coverage)
        wrong = (truth[rows] + rng.integers(1, k, len(rows))) % k
        dense[rows, j] = np.where(rng.random(len(rows)) < accuracy, truth[rows], wrong)
    return dense, truth


def dataset(name: str) -> Path | None:
    """Return the folder of a shared dataset, or None where `NACRE_DATA` does not hold it."""
    root = os.environ.get("NACRE_DATA")
    folder = Path(root) / name if root else None
    return folder if folder is not None and folder.is_dir() else None


def read_split(
    folder: Path, files: tuple[str, ...], n_functions: int
) -> tuple[pl.DataFrame, NDArray[Any], NDArray[Any]]:
    """Return texts, votes and ground truth of the files of a weak-supervision set."""
    columns = ["text", "label", "lf_votes"]
    frame = pl.concat([pl.read_parquet(folder / f"{file}.parquet", columns=columns) for file in files])
    dense = frame.get_column("lf_votes").list.to_array(n_functions).to_numpy()
    return frame.select("text"), dense, frame.get_column("label").to_numpy()

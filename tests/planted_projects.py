"""Small projects with planted truth: data, a recipe that runs, and what is true of each data point."""

import random
from pathlib import Path

import polars as pl
import yaml

from nacre import workspace
from nacre.loop import Recipe, Turn, read_recipe
from nacre.loop import run as run_project

N = 400
WORDS = {
    "ham": ("lunch", "meeting", "minutes", "patch", "train", "coffee", "draft"),
    "spam": ("prize", "casino", "loan", "winner", "credit", "viagra", "offer"),
}
NEUTRAL = ("today", "we", "have", "some", "more", "about", "it", "and", "then", "maybe", "please", "see")
DRUGS = ("aspirin", "ibuprofen", "codeine", "morphine", "heparin")
SYMPTOMS = ("fever", "nausea", "headache", "rash", "vertigo")


def mail(n: int = N, seed: int = 0) -> pl.DataFrame:
    """Return e-mails whose words give away their class most of the time."""
    randomness = random.Random(seed)
    rows = []
    for number in range(n):
        label = randomness.choice(("ham", "spam"))
        other = "spam" if label == "ham" else "ham"
        words = [*randomness.choices(WORDS[label], k=3), *randomness.choices(NEUTRAL, k=6)]
        if randomness.random() < 0.15:
            words.append(randomness.choice(WORDS[other]))
        randomness.shuffle(words)
        weak = randomness.choice((label, label, label, other, None))
        rows.append({"id": f"m{number}", "text": " ".join(words), "weak": weak, "label": label})
    return pl.DataFrame(rows)


MAIL = {
    "project": "mail",
    "data": {
        "source": "mail.parquet",
        "uid": "id",
        "split": {"by": "hash", "train": 0.6, "valid": 0.3, "test": 0.1},
        "truth": "label",
    },
    "schema": {"classes": ["ham", "spam"]},
    "functions": {
        "prize": {"label": "spam", "when": {"keyword": ["text", ["prize", "winner", "casino"]]}},
        "loan": {"label": "spam", "when": {"pattern": ["text", r"\b(loan|credit)\b"]}},
        "lunch": {"label": "ham", "when": {"keyword": ["text", ["lunch", "coffee", "meeting"]]}},
        "weak": {"existing": {"column": "weak"}},
    },
    "slices": {"long": {"expression": "LENGTH(text) > 52"}},
    "label_model": "class_conditional",
    "model": {"text_linear": {"fields": ["text"]}},
}


def posts(n: int = N, seed: int = 0) -> pl.DataFrame:
    """Return posts with any number of topics, each given away by a word."""
    randomness = random.Random(seed)
    rows = []
    for number in range(n):
        topics = [topic for topic in ("drugs", "symptoms") if randomness.random() < 0.45]
        words = randomness.choices(NEUTRAL, k=6)
        words += [randomness.choice(DRUGS)] if "drugs" in topics else []
        words += [randomness.choice(SYMPTOMS)] if "symptoms" in topics else []
        randomness.shuffle(words)
        rows.append({"id": f"p{number}", "text": " ".join(words), "topics": topics})
    return pl.DataFrame(rows, schema={"id": pl.String, "text": pl.String, "topics": pl.List(pl.String)})


POSTS = {
    "project": "posts",
    "data": {
        "source": "posts.parquet",
        "uid": "id",
        "split": {"by": "hash", "train": 0.6, "valid": 0.4},
        "truth": "topics",
    },
    "schema": {"multi_label": ["drugs", "symptoms"]},
    "functions": {
        "pills": {"label": "drugs", "when": {"keyword": ["text", list(DRUGS[:4])]}, "otherwise": "not drugs"},
        "pain": {"label": "drugs", "when": {"keyword": ["text", ["aspirin", "ibuprofen"]]}},
        "ill": {"label": "symptoms", "when": {"keyword": ["text", list(SYMPTOMS)]}, "otherwise": "not symptoms"},
        "hot": {"label": "symptoms", "when": {"keyword": ["text", ["fever"]]}},
    },
    "model": {"text_linear": {"fields": ["text"]}},
}


def notes(n: int = N // 2, seed: int = 0) -> pl.DataFrame:
    """Return clinical notes with the places of drugs and symptoms."""
    randomness = random.Random(seed)
    rows = []
    for number in range(n):
        words, spans, start = [], [], 0
        for _ in range(8):
            kind = randomness.choice(("drug", "symptom", None, None, None))
            word = randomness.choice({"drug": DRUGS, "symptom": SYMPTOMS, None: NEUTRAL}[kind])
            if kind is not None:
                spans.append({"start": start, "end": start + len(word), "label": kind})
            words.append(word)
            start += len(word) + 1
        rows.append({"id": f"n{number}", "text": " ".join(words), "entities": spans})
    entity = pl.Struct({"start": pl.Int64, "end": pl.Int64, "label": pl.String})
    return pl.DataFrame(rows, schema={"id": pl.String, "text": pl.String, "entities": pl.List(entity)})


NOTES = {
    "project": "notes",
    "data": {
        "source": "notes.parquet",
        "uid": "id",
        "split": {"by": "hash", "train": 0.6, "valid": 0.4},
        "truth": "entities",
    },
    "schema": {"spans": {"names": ["drug", "symptom"], "field": "text"}},
    "functions": {
        "drugs": {"label": "drug", "when": {"keyword": ["text", list(DRUGS)]}, "otherwise": "O"},
        "endings": {"label": "drug", "when": {"pattern": ["text", r"\b\w+(in|ine)\b"]}},
        "symptoms": {"label": "symptom", "when": {"keyword": ["text", list(SYMPTOMS[:4])]}},
    },
    "model": {"token_tagger": {"field": "text"}},
}

KINDS = {"mail": (mail, MAIL), "posts": (posts, POSTS), "notes": (notes, NOTES)}


def changed(spec: dict, **changes: object) -> dict:
    """Return a recipe with some of its top parts merged with others; None takes a key away."""
    result = {key: dict(value) if isinstance(value, dict) else value for key, value in spec.items()}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            merged = {**result[key], **value}
            result[key] = {name: part for name, part in merged.items() if part is not None}
        else:
            result[key] = value
    return {key: value for key, value in result.items() if value is not None}


def write_project(folder: Path, spec: dict, frame: pl.DataFrame | None = None) -> Path:
    """Write recipe and data to a folder and return the path of the recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    if frame is not None:
        frame.write_parquet(folder / spec["data"]["source"])
    path = folder / "nacre.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return path


def run(path: Path, **options: object) -> Turn:
    """Go once round the loop, in a workspace opened for it."""
    with opened(path) as (project, recipe):
        return run_project(project, recipe, **options)


class opened:
    """Open project and recipe of a path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> tuple[workspace.Project, Recipe]:
        recipe = read_recipe(self.path)
        self.workspace = workspace.open(self.path.parent / ".nacre", user="ann")
        return self.workspace.project(recipe.project), recipe

    def __exit__(self, *exception: object) -> None:
        self.workspace.close()

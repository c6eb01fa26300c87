"""Aggregate the answers of a simulated crowd, and find out who can be trusted."""

import numpy as np
import polars as pl

import nacre as nc

ACCURACY = {"ann": 0.95, "bob": 0.8, "cid": 0.7, "dan": 0.5, "eve": 0.2}  # eve mixes the answers up
N_PAGES = 300


def simulated_answers() -> tuple[pl.DataFrame, np.ndarray]:
    """Return answers in long form, and the truth: 0 cat, 1 dog."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, N_PAGES)
    answers = [
        (page, name, int(truth[page] if rng.random() < accuracy else 1 - truth[page]))
        for page in range(N_PAGES)
        for name, accuracy in ACCURACY.items()
        if rng.random() < 0.7  # not everybody sees every page
    ]
    return pl.DataFrame(answers, schema=["row_id", "annotator", "label"], orient="row"), truth


def main() -> None:
    """Print the accuracy of both ways to aggregate, and that of each annotator as it is learned."""
    answers, truth = simulated_answers()
    schema = nc.Classes(("cat", "dog"))
    pages = answers["row_id"].unique().sort()  # somebody may have seen nothing of a page
    truth = truth[pages.to_numpy()]

    votes = nc.LabelMatrix.from_long(answers.rename({"annotator": "function", "label": "vote"}), schema)
    majority = nc.MajorityVote().fit(votes)
    print("majority vote", nc.metrics.expected_accuracy(truth, majority.predict_proba(votes)))

    model = nc.DawidSkene().fit(answers, schema=schema)
    print("Dawid-Skene  ", nc.metrics.expected_accuracy(truth, model.predict_proba(answers)))
    for name, confusion in zip(model.functions_, model.confusion_, strict=True):
        learned = float(confusion.diagonal() @ model.class_balance_)
        print(f"{name}: right {learned:.2f} of the time, was made to be right {ACCURACY[name]:.2f}")


if __name__ == "__main__":
    main()

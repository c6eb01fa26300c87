"""Judge two versions of a support bot, and find out how far the evaluator can be trusted."""

import numpy as np
import polars as pl

import nacre as nc
from nacre.evaluation import ExpertLabels, agreement, compare, corrected_scores

POLITE = nc.Criterion("polite", "Friendly, and blames nobody.", target=0.8)
EVALUATORS = [
    nc.Evaluator("polite", POLITE, nc.Keyword("response", ("please", "thank you", "sorry"))),
    nc.evaluation.catalogue_evaluator("no_personal_data"),
]
SLICES = [
    nc.Slice("refund", nc.Keyword("prompt", ("refund",))),
    nc.Slice("spanish", nc.Keyword("prompt", ("dinero",))),
]
N = 400


def responses(version: int) -> pl.DataFrame:
    """Return what a version answered to each prompt; some kind answers use none of the evaluator's words."""
    rng = np.random.default_rng(version)
    asked = ["Where is my refund", "How do I change my address", "Me devuelven el dinero"]
    kind = ["Please open Contracts.", "Sorry for the trouble, it is under Contracts.", "Gladly: open Contracts."]
    rude = ["Read the manual.", "You should know that."]
    share = (0.6, 0.75)[version - 1]
    rows = []
    for number in range(N):
        answer = str(rng.choice(kind)) if rng.random() < share else str(rng.choice(rude))
        rows.append({"prompt": f"{asked[number % 3]}? ({number})", "response": answer})
    return pl.DataFrame(rows)


def main() -> None:
    """Print the matrix, the comparison, and the evaluator beside an expert who labelled 100 responses."""
    first, second = (nc.read_responses(responses(version)) for version in (1, 2))
    before, after = nc.evaluate(EVALUATORS, first), nc.evaluate(EVALUATORS, second)
    members = nc.labeling.slice_members(SLICES, second)
    matrix = nc.evaluation_matrix(after, members, baseline=before)
    for slice_ in matrix.slices:
        print(f"{slice_:<8}", *(f"{name} {matrix.cell(slice_, name).mean}" for name in ("polite", "no_personal_data")))
    print(compare(before, after, members, names=("version 1", "version 2")).verdict)

    read = second.collect().sample(100, seed=0)
    labels = pl.DataFrame(
        {
            "row_id": read["row_id"],
            "criterion": "polite",
            "annotator": "expert",
            "score": ["pass" if "Contracts" in text else "fail" for text in read["response"].to_list()],
        }
    )
    experts = ExpertLabels.from_frame(labels, [POLITE])
    print(agreement(after, experts).of("polite").raw, "agrees with the expert")
    corrected = corrected_scores(after, experts)[0]
    print(f"polite, as the evaluator says {corrected.raw}, as the expert would say {corrected.metric}")


if __name__ == "__main__":
    main()

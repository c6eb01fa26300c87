import polars as pl
import pytest

from nacre.errors import SchemaError
from nacre.loop import export_responses, project_evaluation
from planted_evaluations import Evaluation, responses


@pytest.mark.parametrize("name", ["in(spanish)", "score(polite)"])
def test_a_field_that_is_called_like_a_column_of_the_export_is_refused(tmp_path, name):
    evaluation = Evaluation(tmp_path, frame=responses().with_columns(pl.lit("x").alias(name)))
    evaluation.run()

    with pytest.raises(SchemaError, match="Rename the field"):
        export_responses(project_evaluation(evaluation.project, evaluation.recipe))

import pytest

from nacre.errors import SpecError, WorkspaceError
from nacre.label_models import MajorityVote, label_model_from_spec, load_label_model


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param({"class_conditionl": {}}, "Did you mean `class_conditional`", id="an unknown kind"),
        pytest.param({"class_conditional": {"precison": 1}}, "Did you mean `precision`", id="an unknown setting"),
        pytest.param({"class_conditional": [0.8]}, "names with values", id="a list of settings"),
        pytest.param({"majority_vote": {}, "dawid_skene": {}}, "one name", id="two kinds"),
        pytest.param([], "one name", id="a list"),
        pytest.param({"token_wise": {}}, "cannot be made", id="a missing model"),
        pytest.param({"token_wise": {"model": "mayority_vote"}}, "Did you mean `majority_vote`", id="an unknown inner"),
    ],
)
def test_specs_that_are_not_of_the_grammar_are_refused(spec, message):
    with pytest.raises(SpecError, match=message):
        label_model_from_spec(spec)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="no label model"):
        load_label_model(tmp_path)


def test_a_kind_alone_is_a_spec():
    assert label_model_from_spec("majority_vote") == MajorityVote()
    assert label_model_from_spec({"majority_vote": None}) == MajorityVote()

from documents import DOCS, blocks, copy_demo, follow
from nacre import loop, workspace

README = DOCS.parent / "README.md"


def test_the_readme_gives_what_it_shows(tmp_path):
    (tmp_path / "demo").mkdir()
    copy_demo(tmp_path / "demo")

    follow(README, tmp_path)


def test_the_project_of_the_readme_trains_a_model(tmp_path):
    copy_demo(tmp_path)
    block = next(block for block in blocks(README) if block.title == "nacre.yaml")
    (tmp_path / "nacre.yaml").write_text(block.text, encoding="utf-8")
    recipe = loop.read_recipe(tmp_path / "nacre.yaml")

    with workspace.open(tmp_path / ".nacre") as opened:
        turn = loop.run(opened.project(recipe.project), recipe, until="train")

    assert turn.labels is not None
    assert all(turn.labels.label_matrix.summary().functions["votes"] > 0)
    assert turn.trained is not None


def test_the_evaluation_of_the_readme_is_a_recipe(tmp_path):
    block = next(block for block in blocks(README) if block.title == "assistant/nacre.yaml")
    (tmp_path / "nacre.yaml").write_text(block.text, encoding="utf-8")

    recipe = loop.read_evaluation_recipe(tmp_path / "nacre.yaml")

    assert [criterion.name for criterion in recipe.criteria] == ["polite", "no_personal_data"]
    assert [part.name for part in recipe.slices] == ["spanish", "refund"]

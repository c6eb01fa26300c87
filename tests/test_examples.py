import subprocess
import sys

import pytest

from documents import DOCS

EXAMPLES = DOCS.parent / "examples"
SHOWN = {
    "crowd_labels": ["Dawid-Skene   .92", "eve: right 0.23"],
    "evaluation": ["version 2 looks better than version 1", "as the expert would say .73 [.65-.80] n=100"],
    "labeling_loop": ["coverage 100.0%", "wrong votes: 'Please claim your travel costs' is ham"],
    "own_condition": ["(0, 'shouting_first', 'subject', 0, 3)"],
    "spans": ["drug 'aspirin', drug 'paracetamol', dose '500 mg'"],
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs_and_shows_what_it_is_for(path):
    run = subprocess.run(
        [sys.executable, "-W", "error", str(path)], capture_output=True, text=True, check=False, cwd=path.parent
    )

    assert run.returncode == 0, run.stderr
    assert all(line in run.stdout for line in SHOWN[path.stem]), run.stdout

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "src" / "nacre" / "cli" / "_demo" / "free_cash.parquet"


@pytest.mark.slow
@pytest.mark.network
def test_a_built_wheel_holds_the_demo_and_the_report_files(tmp_path):
    if not CORPUS.is_file():
        pytest.skip("the demo corpus is not built; run `python scripts/build_demo_corpus.py`")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]

    subprocess.run(command, check=True)

    (wheel,) = tmp_path.glob("nacre-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    demo = {"free_cash.parquet", "nacre.yaml", "nacre.repaired.yaml", "functions.py", "blacklist.txt", "NOTICE"}
    assert {f"nacre/cli/_demo/{name}" for name in demo} <= names
    assert {"nacre/py.typed", "nacre/displays/report.css", "nacre/displays/report.js"} <= names
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)

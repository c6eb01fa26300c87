"""Reports in a real browser: their scripts run, nothing is refused, and nothing is wider than the window."""

import re
import shutil
import subprocess

import pytest

from nacre import loop
from nacre.report import write_evaluation_report, write_report
from planted_evaluations import Evaluation, responses
from planted_projects import MAIL, mail, opened, write_project

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
PHONE = """<!doctype html><iframe src="changed.html" width="390" height="900" onload="
  document.title = frames[0].document.documentElement.scrollWidth + ' of ' + frames[0].innerWidth"></iframe>"""
CLICK = """<script>
  const cell = document.querySelector(".evaluation-matrix td a");
  cell.focus();
  const was = document.activeElement === cell;
  cell.click();
  setTimeout(() => {
    const target = document.getElementById(cell.hash.slice(1));
    const closed = [...document.querySelectorAll("details:not([open])")].filter((box) => box.contains(target));
    document.title = `focus ${was}, closed ${closed.length}, shown ${target.getBoundingClientRect().height > 100}`;
  }, 300);
</script></body>"""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium; install it to see the report in a browser"),
]


def labeling_report(folder):
    with opened(write_project(folder, MAIL, mail())) as (project, recipe):
        write_report(project, recipe, loop.run(project, recipe), folder / "report.html")


def evaluation_report(folder):
    planted = Evaluation(folder)
    with planted.workspace:
        planted.run(note="as it was")
        responses(polite=2).write_ndjson(folder / "next.jsonl")
        planted.run(responses=folder / "next.jsonl", note="more polite")
        found = loop.project_evaluation(planted.project, planted.recipe)
        write_evaluation_report(found, folder / "report.html")


@pytest.fixture(scope="module", params=[labeling_report, evaluation_report], ids=["labeling", "evaluation"])
def report(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    request.param(folder)
    return folder / "report.html"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    evaluation_report(folder)
    return folder / "report.html"


def browse(page, width, profile):
    """Return the page as the browser has it after its scripts ran, and what the browser complained about."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    options = [f"--window-size={width},1200", "--enable-logging=stderr", "--virtual-time-budget=2000", "--dump-dom"]
    command.append("--allow-file-access-from-files")  # a page in a frame of its own width is measured from outside
    done = subprocess.run([*command, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def with_script(page, script, folder):
    """Return a copy of a page that runs a script of the test."""
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    changed = folder / "changed.html"
    changed.write_text(html.replace("</body>", script), encoding="utf-8")
    return changed


def test_the_script_of_the_report_runs_and_nothing_is_refused(report, tmp_path):
    page, complaints = browse(report, 1280, tmp_path)

    assert complaints == []
    assert "<button" in page  # made by the script: the report can be read without it


@pytest.mark.parametrize("width", [1280, 700], ids=["desktop", "narrow"])
def test_the_report_is_not_wider_than_the_window(report, tmp_path, width):
    measured = with_script(report, MEASURE, tmp_path)

    page, _ = browse(measured, width, tmp_path / "profile")

    wide, window = map(int, re.search(r"<title>(\d+) of (\d+)", page).groups())
    assert wide <= window


def test_the_report_fits_a_phone(report, tmp_path):
    with_script(report, "</body>", tmp_path)
    (tmp_path / "phone.html").write_text(PHONE, encoding="utf-8")

    page, _ = browse(tmp_path / "phone.html", 800, tmp_path / "profile")

    wide, window = map(int, re.search(r"<title>(\d+) of (\d+)", page).groups())
    assert wide <= window == 390


def test_a_cell_of_the_matrix_can_be_reached_by_keys_and_opens_its_responses(evaluated, tmp_path):
    page, _ = browse(with_script(evaluated, CLICK, tmp_path), 1280, tmp_path / "profile")

    assert "<title>focus true, closed 0, shown true</title>" in page

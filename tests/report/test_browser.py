"""The report in a real browser: its script runs, nothing is refused, and nothing is wider than the window."""

import re
import shutil
import subprocess

import pytest

from nacre import loop
from nacre.report import write_report
from planted_projects import MAIL, mail, opened, write_project

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MEASURE = "<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium; install it to see the report in a browser"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    with opened(write_project(folder, MAIL, mail())) as (project, recipe):
        write_report(project, recipe, loop.run(project, recipe), folder / "report.html")
    return folder / "report.html"


def browse(page, width, profile):
    """Return the page as the browser has it after its scripts ran, and what the browser complained about."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    options = [f"--window-size={width},1200", "--enable-logging=stderr", "--dump-dom", page.as_uri()]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_the_script_of_the_report_runs_and_nothing_is_refused(report, tmp_path):
    page, complaints = browse(report, 1280, tmp_path)

    assert complaints == []
    assert "<button" in page  # made by the script: the report can be read without it


@pytest.mark.parametrize("width", [1280, 700], ids=["desktop", "narrow"])
def test_the_report_is_not_wider_than_the_window(report, tmp_path, width):
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report.read_text(encoding="utf-8"))
    measured = tmp_path / "measured.html"
    measured.write_text(html.replace("</body>", MEASURE), encoding="utf-8")

    page, _ = browse(measured, width, tmp_path / "profile")

    wide, window = map(int, re.search(r"<title>(\d+) of (\d+)", page).groups())
    assert wide <= window

"""The installed program, run from outside."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NACRE = Path(sys.executable).with_name("nacre")


@dataclass
class Nacre:
    """The installed program, run in a folder as from a shell that is no terminal."""

    folder: Path
    compiled: Path

    def __call__(self, *arguments, code=0, **options):
        """Run a command and return what it printed on standard output; its exit code must be `code`."""
        done = self.run(*arguments, **options)
        assert done.returncode == code, f"exit code {done.returncode}: {done.stderr or done.stdout}"
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    def json(self, *arguments):
        """Run a command with --json and return what it printed."""
        return json.loads(self(*arguments, "--json"))

    def run(self, *arguments, env=None, **options):
        command = [str(NACRE), *map(str, arguments)]
        environment = {**self._environment(), **(env or {})}
        given = {"capture_output": True, "text": True, "check": False, "cwd": self.folder, "timeout": 300, **options}
        return subprocess.run(command, env=environment, **given)

    def start(self, *arguments, **options):
        """Start a command in a process group of its own, as a shell does."""
        command = [str(NACRE), *map(str, arguments)]
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": self.folder, **options}
        return subprocess.Popen(command, env=self._environment(), start_new_session=True, **given)

    def _environment(self):
        """Compile each module once for all commands, wherever the tests run."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "NACRE_USER": "ann", "PYTHONPYCACHEPREFIX": str(self.compiled)}

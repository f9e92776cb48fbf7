"""Programs in other languages: started, given a time limit, and read as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent
TOP = FOLDER.parent.parent
SECONDS_MAX = 120


def need(tool: str) -> str:
    """The tool's path. Without it the test is skipped, but under ./bow test it fails."""
    found = shutil.which(tool)
    if found:
        return found
    if os.environ.get("BOWSHOT_REQUIRE_ALL"):
        pytest.fail(f"{tool} is missing: tools/bootstrap installs it")
    pytest.skip(f"{tool} is missing")


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
    return done.stdout


def node(script: str, *arguments: str) -> Any:
    """What a script beside this file printed, as JSON."""
    return json.loads(run(need("node"), str(FOLDER / script), *arguments))

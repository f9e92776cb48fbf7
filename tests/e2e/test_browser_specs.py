"""The specs of clients/web/tests/browser: the built page in Chromium, before a server that says and
does what it is told to."""

from __future__ import annotations

import subprocess

from outside import TOP, need

SECONDS_MAX = 900
VITEST = TOP / "clients/web/node_modules/.bin/vitest"


def test_browser_specs() -> None:
    need("chromium")
    command = [VITEST, "run", "--config", "vitest.browser.config.ts"]
    done = subprocess.run(
        command,
        cwd=TOP / "clients/web",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout[-10_000:]

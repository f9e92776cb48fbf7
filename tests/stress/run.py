"""./bow stress [TIMES]: what the tests do in short, at length; BOWSHOT_SEED replays a seed."""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import kills

TIMES = 200


def main() -> int:
    times = int(sys.argv[1]) if sys.argv[1:] else TIMES
    seed = int(os.environ.get("BOWSHOT_SEED") or random.randrange(2**32))
    print(f"seed {seed}", flush=True)
    runs: dict[str, Callable[[Path, int, random.Random], int]] = {
        "converting": kills.kill_while_converting,
        "publishing": kills.kill_while_publishing,
    }
    for name, kill in runs.items():
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            within = kill(Path(folder), times, random.Random(seed))
        seconds = time.monotonic() - start
        print(f"{times} kills while {name}: {within} within one; {seconds:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

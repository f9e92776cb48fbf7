"""./bow stress [TIMES] [--seconds N] [--only WORD]: what the tests do in short, at length.

BOWSHOT_SEED replays a seed. The exit code is 1 where the server did not hold what it promises.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import attacks
import datasets
import kills

KILLS: dict[str, Callable[[Path, int, random.Random], int]] = {
    "converting": kills.kill_while_converting,
    "publishing": kills.kill_while_publishing,
}


def run_kills(name: str, times: int, seed: int) -> bool:
    """A half file ends the run: nothing may go on after one."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        within = KILLS[name](Path(folder), times, random.Random(seed))
    seconds = time.monotonic() - start
    print(f"{times} kills while {name}: {within} within one; {seconds:.1f} s", flush=True)
    return True


def tell(report: attacks.Report) -> bool:
    print(f"{report.name}: {report.line}", flush=True)
    for miss in report.misses:
        print(f"  MISSED: {miss}", flush=True)
    return not report.misses


def main() -> int:
    parser = argparse.ArgumentParser(prog="./bow stress", description=__doc__)
    parser.add_argument("times", nargs="?", type=int, default=200, help="kills of each kind")
    parser.add_argument("--seconds", type=float, default=15, help="of each attack")
    parser.add_argument("--only", default="", metavar="WORD", help="what has it in its name")
    arguments = parser.parse_args()
    times, seconds = arguments.times, arguments.seconds
    seed = int(os.environ.get("BOWSHOT_SEED") or random.randrange(2**32))
    print(f"seed {seed}", flush=True)
    runs: dict[str, Callable[[], bool]] = {
        **{f"kills while {n}": lambda n=n: run_kills(n, times, seed) for n in KILLS},
        **{
            n: lambda n=n: tell(attacks.run_attack(n, datasets.FLIGHTS, seconds))
            for n in attacks.ATTACKS
        },
        attacks.OVERLOAD: lambda: tell(attacks.run_overload(datasets.FLIGHTS, seconds)),
    }
    held = [run() for name, run in runs.items() if arguments.only in name]
    return 0 if held and all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

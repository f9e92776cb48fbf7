#!/usr/bin/env python3
"""Runs a back end until it is stopped, and prints `listening on PORT`.

serve.py careful|naive WORKERS
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import uvicorn
from uvicorn.supervisors import Multiprocess

sys.path[:0] = [str(Path(__file__).resolve().parent)]  # workers are given it


def main() -> None:
    name, workers = sys.argv[1], int(sys.argv[2])
    config = uvicorn.Config(
        f"{name}:app", port=0, workers=workers, log_level="error", access_log=False
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    listener = config.bind_socket()
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    if workers == 1:
        uvicorn.Server(config).run(sockets=[listener])
    else:
        Multiprocess(config, sockets=[listener]).run()


if __name__ == "__main__":
    main()

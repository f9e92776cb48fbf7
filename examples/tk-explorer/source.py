"""What an explorer looks at: somebody's server, or one of its own over files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import bowshot

ENDINGS = (".parquet", ".csv", ".tsv", ".arrow", ".feather", ".ipc", ".ndjson", ".jsonl")
FILES_MAX = 200  # of a folder, as datasets of their own


@dataclass(frozen=True)
class Source:
    """Datasets, and where they are. `close()` ends a server that was started for them."""

    client: bowshot.Client
    datasets: list[bowshot.DatasetSummary]
    place: str
    server: bowshot.Server | None = None

    def close(self) -> None:
        self.client.close()
        if self.server is not None:
            self.server.stop()


def open_source(place: str, token: str | None = None) -> Source:
    """An address (`http://`, `https://`, `unix:`), a file or a folder. Waits: not for Tk's thread.

    A folder whose files have one schema is one dataset, another one is a dataset a file.
    """
    if place.startswith(("http://", "https://", "unix:")):
        return _connected(bowshot.connect(place, token=token), place)
    path = Path(place).expanduser().resolve()
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise FileNotFoundError(f"{place}: there is no such file or folder")
    return _served({dataset_name(path): str(path)}, str(path))


def _folder(path: Path) -> Source:
    """As one dataset, if its files allow that."""
    files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in ENDINGS]
    if len(files) != 1:
        try:
            source = _served({dataset_name(path): str(path)}, str(path))
            if not source.datasets[0].problem or not files:
                return source
            source.close()
        except bowshot.StartError:
            if not files:
                raise
    if len(files) > FILES_MAX:
        raise ValueError(
            f"{path.name} has {len(files)} files of different schemas; at most {FILES_MAX} are "
            "opened as datasets"
        )
    named: dict[str, str] = {}
    for file in files:
        name = dataset_name(file)
        named[name if name not in named else dataset_name(file, with_ending=True)] = str(file)
    return _served(named, str(path))


def _served(named: dict[str, str], place: str) -> Source:
    server = bowshot.serve(named, tcp=False, quiet=True)
    try:
        return _connected(server.connect(), place, server)
    except BaseException:
        server.stop()
        raise


def _connected(client: bowshot.Client, place: str, server: bowshot.Server | None = None) -> Source:
    try:
        return Source(client, client.datasets(), place, server)
    except BaseException:
        client.close()
        raise


def dataset_name(path: Path, *, with_ending: bool = False) -> str:
    """As the server would name it."""
    text = path.name if with_ending or path.is_dir() else path.stem
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text).lstrip(".-") or "data"

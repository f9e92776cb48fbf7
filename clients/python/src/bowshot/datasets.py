"""What `serve()` and `Core` are given: datasets by name, as files or as frames, and settings; and
the configuration (docs/configuration.md) that says the same to the server."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bowshot import frames
from bowshot.errors import StartError, local_error

# A path (a file, a directory, a glob), several paths, a frame, or `{"path": ..., "delimiter": ";"}`
# with the keys of `[datasets.NAME]`.
Source = Any
Datasets = Mapping[str, Source] | Sequence[str | Path] | str | Path

SERVER_KEYS = {
    *("host", "port", "listen", "no_tcp", "tls_cert", "tls_key", "token_file", "allow_host"),
    *("allow_origin", "allow_publish", "publish_dir", "log_level", "log_format"),
    *("cache_directory",),
}


@dataclass
class Sources:
    """Files that are opened where they are, and frames that are published."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    frames: dict[str, Any] = field(default_factory=dict)


def read_datasets(datasets: Datasets, folder: Path) -> Sources:
    """`folder` is for links to files, where a dataset has several; it outlives the server."""
    if isinstance(datasets, (str, Path)):
        datasets = [datasets]
    if not isinstance(datasets, Mapping):
        datasets = {_stem(path): path for path in datasets}
    sources = Sources()
    for name, source in datasets.items():
        if isinstance(source, Mapping) and _is_path(source.get("path")):
            sources.files[name] = {**source, "path": _absolute(source["path"])}
        elif (paths := _paths(source)) is not None:
            path = _absolute(paths[0]) if len(paths) == 1 else _linked(folder / name, paths)
            sources.files[name] = {"path": path}
        else:
            sources.frames[name] = source
    return sources


def check_rereadable(datasets: Datasets) -> None:
    """A StartError for frames that may have been read: a stream of rows comes once. So does a
    LazyFrame, as the threads of Polars do not come into a forked process."""
    if not isinstance(datasets, Mapping):
        return
    for name, source in datasets.items():
        is_file = _paths(source) is not None or isinstance(source, Mapping)
        if not is_file and not frames.is_in_memory(source):
            detail = (
                f"the rows of {name!r} went to the process that forked this one: "
                f"give a table in memory or a file in place of a {type(source).__name__}"
            )
            raise local_error(StartError, "forked", detail)


def _paths(source: Source) -> list[str] | None:
    """Where the rows are, if they are in files."""
    if _is_path(source):
        return [os.fspath(source)]
    if isinstance(source, (list, tuple)) and source and all(map(_is_path, source)):
        return [os.fspath(path) for path in source]
    return scanned_paths(source)


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def scanned_paths(lazy: Any) -> list[str] | None:
    """The local files of a LazyFrame that is a plain `scan_parquet(...)`; None for any other.

    Polars does not say what a LazyFrame scans, but writes its plan down: a plain scan of the paths
    that stand in it has the same plan.
    """
    polars = frames.imported("polars")
    if polars is None or not isinstance(lazy, polars.LazyFrame):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that JSON plans differ between versions of Polars
            plan = lazy.serialize(format="json")
            listed = json.loads(plan)["Scan"]["sources"]["Paths"]
            paths = [path["inner"] if isinstance(path, dict) else path for path in listed]
            if polars.scan_parquet(paths).serialize(format="json") != plan:
                return None
    except Exception:  # whatever another version of Polars makes of it: then it is collected
        return None
    is_local = all(isinstance(path, str) and "://" not in path for path in paths)
    return paths if paths and is_local else None


def _stem(path: str | Path) -> str:
    """As the server names a dataset after its file or directory."""
    if any(sign in str(path) for sign in "*?["):
        raise ValueError(f"a pattern needs a name: {{'name': {str(path)!r}}}")
    stem = Path(path).name.split(".")[0] or Path(path).resolve().name
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "_" for c in stem)


def _absolute(path: str | os.PathLike[str]) -> str:
    return os.path.abspath(os.path.expanduser(os.fspath(path)))


def _linked(folder: Path, paths: list[str]) -> str:
    """Several files as one directory whose names sort as they were listed."""
    folder.mkdir(parents=True)
    for number, path in enumerate(paths):
        (folder / f"{number:06}-{Path(path).name}").symlink_to(_absolute(path))
    return str(folder)


def spell_configuration(sources: Sources, settings: Mapping[str, Any]) -> str:
    """bowshot.toml."""
    server = {key: value for key, value in settings.items() if key in SERVER_KEYS}
    limits = {key: value for key, value in settings.items() if key not in SERVER_KEYS}
    lines: list[str] = []
    for title, table in [("server", server), ("limits", limits)]:
        if table:
            lines += [f"[{title}]", *_pairs(table)]
    for name, options in sources.files.items():
        lines += [f"[datasets.{_text(name)}]", *_pairs(options)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in table.items() if value is not None]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (str, os.PathLike)):
        return _text(os.fspath(value))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    raise TypeError(f"a setting is a text, a number, a boolean or a list of these, not {value!r}")


def _text(value: str) -> str:
    """JSON's escapes are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

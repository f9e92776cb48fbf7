"""The package from a shell: `python -m bowshot serve|query|info`.

Exit codes: 0 done, 1 an error of the request or the server, 2 a mistake on the command line, 130
stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bowshot._version import __version__
from bowshot.client import Client, Dataset, connect
from bowshot.core import Core
from bowshot.errors import Error
from bowshot.facts import Facts, Progress
from bowshot.result import FORMATS, Result
from bowshot.server import find_binary

SHOWN_ROWS = 20
STREAMED = ["arrow", "arrow-file", "parquet", "csv", "json", "ndjson"]


def main(arguments: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["serve"]:
        return serve(words[1:])
    options = make_parser().parse_args(joined(words, "--order"))
    try:
        with closing(open_source(options)) as client:
            return int(options.run(client, options))
    except (Error, ValueError) as error:
        print(f"bowshot: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `| head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # of a file that was named: a token's, the output
        named = f"{error.filename}: " if error.filename else ""
        print(f"bowshot: {named}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def serve(words: list[str]) -> int:
    """The server in place of this process: flags, signals and exit code are its own."""
    try:
        binary = str(find_binary())
        os.execv(binary, [binary, "serve", *words])
    except (Error, OSError) as error:
        print(f"bowshot: {error}", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m bowshot", description="Exactly the part of a table that a screen shows."
    )
    parser.add_argument("--version", action="version", version=f"bowshot {__version__}")
    commands = parser.add_subparsers(required=True, metavar="serve|query|info")
    commands.add_parser("serve", help="the server; its own flags: serve --help", add_help=False)

    source = argparse.ArgumentParser(add_help=False)
    source.add_argument(
        "source", help="a server (http://, https://, unix:PATH) or a file, directory or pattern"
    )
    token = source.add_mutually_exclusive_group()
    token.add_argument("--token-file", type=Path, help="file that holds the server's token")
    token.add_argument("--token", help="the token (others can see it in the process list)")

    info = commands.add_parser("info", parents=[source], help="datasets, or one with its columns")
    info.add_argument("dataset", nargs="?", help="of a server")
    info.set_defaults(run=show_info)
    query = commands.add_parser(
        "query", parents=[source], help="some rows, or groups, of a dataset"
    )
    query.add_argument("dataset", nargs="?", help="of a server that has several")
    add_query_flags(query)
    query.set_defaults(run=show_query)
    return parser


def add_query_flags(query: argparse.ArgumentParser) -> None:
    query.add_argument("--filter", action="append", default=[], help="CQL2; several: all hold")
    query.add_argument("--compute", action="append", default=[], help="alias:expression")
    query.add_argument("--select", type=split, help="columns, separated by commas")
    query.add_argument("--order", type=split, help="columns, -column descends")
    query.add_argument("--offset", type=int, default=0)
    query.add_argument("--limit", type=int, help=f"rows; on a terminal {SHOWN_ROWS}")
    query.add_argument("--by", action="append", help="group by a column or expression")
    query.add_argument("--measure", action="append", help="of groups, such as mean(delay)")
    query.add_argument("--count", action="store_true", help="only how many rows")
    query.add_argument("--sample", type=int, metavar="SIZE", help="a uniform sample")
    query.add_argument("--seed", type=int, default=0, help="of the sample")
    query.add_argument("--output", "-o", type=Path, help="a file; it appears when it is whole")
    query.add_argument("--format", choices=STREAMED, help="default: by the file's name, or a table")


def joined(words: list[str], flag: str) -> list[str]:
    """`--order -delay` as `--order=-delay`: argparse takes the key for a flag."""
    result: list[str] = []
    for word in words:
        if result and result[-1] == flag:
            result[-1] = f"{flag}={word}"
        else:
            result.append(word)
    return result


def split(text: str) -> list[str]:
    """Names between commas; a name that holds one belongs in a call of the package."""
    return [name.strip() for name in text.split(",")]


def open_source(options: Any) -> Client:
    """A server that is there, or the files in this process."""
    source: str = options.source
    if source.startswith(("http://", "https://", "unix:")):
        token = options.token_file.read_text().strip() if options.token_file else options.token
        return connect(source, token=token)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source):
        raise ValueError(f"a server's address is http://, https:// or unix:PATH, not {source!r}")
    return Core({"data": source})


def the_dataset(client: Client, options: Any) -> Dataset:
    if options.dataset is not None:
        return client[options.dataset]
    names = list(client)
    if len(names) != 1:
        raise ValueError(f"which dataset? There are: {', '.join(sorted(names)) or 'none'}")
    return client[names[0]]


def show_info(client: Client, options: Any) -> int:
    if options.dataset is None and not isinstance(client, Core):
        for summary in client.datasets():
            problem = f"  {summary.problem['detail']}" if summary.problem else ""
            print(f"{summary.name}  {summary.rows:,} rows  {summary.columns} columns{problem}")
        return 0
    info = the_dataset(client, options).info()
    print(f"{info.rows:,} rows  {info.bytes:,} bytes  version {info.version}")
    width = max(len(column.name) for column in info.columns)
    for column in info.columns:
        print(f"{column.name:{width}}  {column.type}{'' if column.nullable else '  not null'}")
    return 0


def show_query(client: Client, options: Any) -> int:
    is_shown = options.output is None and options.format is None
    limit = options.limit
    if limit is None and is_shown and sys.stdout.isatty():
        limit = SHOWN_ROWS
    result = make_result(the_dataset(client, options), options, limit)
    if options.output is not None:
        progress = ProgressLine() if sys.stderr.isatty() else None
        if options.format is None and options.output.suffix.lower() not in FORMATS:
            raise ValueError(f"{options.output.name!r} does not tell its format: --format")
        check_place(options.output)
        result.to_file(options.output, options.format, progress=progress)
    elif options.format is not None:
        result.to_file(sys.stdout.buffer, options.format)
    else:
        show_table(result)
    return 0


def check_place(path: Path) -> None:
    """Before anything is asked: the file takes its name only at the end."""
    if path.is_dir():
        raise ValueError(f"{str(path)!r} is a directory: --output takes a file")
    if not path.parent.is_dir():
        raise ValueError(f"{str(path)!r} cannot be written: there is no such directory")


def check_shape(options: Any) -> None:
    """One shape at a time: none is left out in silence."""
    asked = {
        "--count": options.count,
        "--sample": options.sample is not None,
        "--by or --measure": options.by or options.measure,
    }
    shapes = [flag for flag, is_there in asked.items() if is_there]
    if len(shapes) > 1:
        raise ValueError(f"{' and '.join(shapes)} cannot be asked together")
    refuse_others_flags(options, shapes[0] if shapes else "rows")


def refuse_others_flags(options: Any, shape: str) -> None:
    """Those that only other shapes have."""
    is_page = shape in ("rows", "--by or --measure")
    is_there = {
        "--order": options.order is not None and not is_page,
        "--offset": options.offset != 0 and not is_page,
        "--limit": options.limit is not None and not is_page,
        "--select": options.select is not None and shape not in ("rows", "--sample"),
        "--seed": options.seed != 0 and shape != "--sample",
    }
    if given := [flag for flag, is_given in is_there.items() if is_given]:
        raise ValueError(f"{' and '.join(given)} cannot be asked with {shape}")


def make_result(dataset: Dataset, options: Any, limit: int | None) -> Result:
    check_shape(options)
    query = dataset.filter(*options.filter).compute(options.compute)
    if options.select:
        query = query.select(*options.select)
    if options.count:
        return query.count()
    if options.sample is not None:
        return query.sample(options.sample, seed=options.seed)
    if options.by or options.measure:
        return query.aggregate(
            options.by or (),
            options.measure or ("count()",),
            order=options.order or (),
            offset=options.offset,
            limit=limit,
        )
    return query.order(*(options.order or ())).rows(options.offset, limit)


def show_table(result: Result) -> None:
    """Columns of equal width; as CSV where that goes into a pipe."""
    if not sys.stdout.isatty():
        result.to_file(sys.stdout.buffer, "csv")
        return
    table = result.to_arrow()
    columns = [
        [name, *("" if value is None else str(value) for value in table.column(name).to_pylist())]
        for name in table.column_names
    ]
    widths = [max(map(len, column)) for column in columns]
    for cells in zip(*columns, strict=True):
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)))
    total = shown_total(result.facts)
    if total is not None and total > table.num_rows:
        print(f"{table.num_rows:,} of {total:,} rows", file=sys.stderr)


def shown_total(facts: Facts) -> int | None:
    return facts.total_rows if facts.total_rows is not None else facts.population


class ProgressLine:
    """How far a file has come, on one line of the terminal."""

    def __call__(self, progress: Progress) -> None:
        share = "" if progress.fraction is None else f" {progress.fraction:4.0%}"
        speed = progress.bytes / max(progress.seconds, 1e-9) / 1e6
        line = f"\r{progress.bytes / 1e6:,.1f} MB{share}  {speed:,.0f} MB/s"
        print(line, end="", file=sys.stderr, flush=True)

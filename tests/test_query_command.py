"""`bowshot query`: one request of files or of a server, its formats, errors, signals and tables."""

from __future__ import annotations

import fcntl
import http.server
import json
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
from bowshot_server import BINARY, BowshotServer, wait_until
from permutation import sample

TOKEN = "0123456789abcdef-a-token"
FRAME = pl.DataFrame({"i": range(100_000)}).with_columns(
    x=pl.when(pl.col("i") % 7 > 0).then(pl.col("i") % 101 / 4),
    name=pl.when(pl.col("i") % 5 > 0).then(pl.format('a "{}",\nb', pl.col("i") % 3)),
    day=pl.date(2026, 1, 1) + pl.duration(days=pl.col("i") % 400),
)
FORMATS = ["arrow", "arrow-file", "parquet", "csv", "json", "ndjson"]


def run(*arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    command = [str(BINARY), "query", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "80"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment, **more
    )  # type: ignore[call-overload, no-any-return]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("query")
    FRAME.write_parquet(made / "t.parquet", row_group_size=20_000)
    (made / "token").write_text(TOKEN)
    (made / "token").chmod(0o600)
    return made


@pytest.fixture(scope="module")
def unix_socket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("socket") / "s"


@pytest.fixture(scope="module")
def guarded(folder: Path, unix_socket: Path) -> Iterator[BowshotServer]:
    flags = ["--token-file", f"{folder}/token", "--listen", f"unix:{unix_socket}"]
    with BowshotServer([f"{folder}/t.parquet"], *flags) as server:
        yield server


@pytest.fixture(scope="module", params=["files", "server", "unix"])
def source(
    request: pytest.FixtureRequest, folder: Path, unix_socket: Path, guarded: BowshotServer
) -> list[str]:
    """The same table as a file and as a dataset of a server that wants a token."""
    if request.param == "files":
        return [str(folder / "t.parquet")]
    url = f"unix:{unix_socket}:t" if request.param == "unix" else f"{guarded.url}/t"
    return [url, "--token-file", str(folder / "token")]


def read(path: Path, form: str) -> pl.DataFrame:
    if form == "arrow":
        return pl.DataFrame(pl.from_arrow(ipc.open_stream(path.read_bytes()).read_all()))
    if form == "arrow-file":
        return pl.DataFrame(pl.from_arrow(ipc.open_file(path.read_bytes()).read_all()))
    if form == "parquet":
        return pl.DataFrame(pl.from_arrow(pq.read_table(path)))
    if form == "csv":
        return pl.read_csv(path, schema=FRAME.schema)
    if form == "ndjson":
        return pl.read_ndjson(path, schema=FRAME.schema)
    told = json.loads(path.read_bytes())
    names = [column["name"] for column in told["columns"]]
    frame = pl.DataFrame(told["rows"], schema=names, orient="row", infer_schema_length=None)
    return frame.with_columns(pl.col("day").str.to_date()).cast(dict(FRAME.schema))


@pytest.mark.parametrize("form", FORMATS)
def test_formats(source: list[str], form: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(*source, "--filter", "x > 3 OR name IS NULL", "--format", form, "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    expected = FRAME.filter((pl.col("x") > 3) | pl.col("name").is_null())
    assert read(out, form).equals(expected)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("ending", "form"),
    [("arrows", "arrow"), ("arrow", "arrow-file"), ("feather", "arrow-file"), ("pq", "parquet"),
     ("parquet", "parquet"), ("csv", "csv"), ("json", "json"), ("jsonl", "ndjson")],
)  # fmt: skip
def test_the_ending_tells_the_format(folder: Path, tmp_path: Path, ending: str, form: str) -> None:
    out = tmp_path / f"x.{ending}"
    assert run(folder / "t.parquet", "--limit", 9, "-o", out).returncode == 0
    assert read(out, form).equals(FRAME.head(9))


def rows_of(done: subprocess.CompletedProcess[str]) -> list[list[object]]:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["rows"]


def test_shapes(source: list[str], folder: Path) -> None:
    def ask(*flags: object) -> list[list[object]]:
        return rows_of(run(*source, "--format", "json", *flags))

    def sql(text: str) -> list[list[object]]:
        table = f"'{folder}/t.parquet'"
        return [list(row) for row in duckdb.sql(text.replace("$t", table)).fetchall()]

    flags = ("--select", "i,x", "--order", "-x,i", "--skip", 5, "--limit", 7)
    query = "SELECT i, x FROM $t ORDER BY x DESC NULLS LAST, i LIMIT 7 OFFSET 5"
    assert ask(*flags) == sql(query)
    computed = ("--compute", "z:i * 2", "--filter", "z < 8", "--select", "z")
    assert ask(*computed) == [[0], [2], [4], [6]]
    assert ask("--shape", "count", "--filter", "x>=20") == sql(
        "SELECT count(*) FROM $t WHERE x>=20"
    )
    flags = ("--by", "name", "--measures", "n:count(),mean(x)", "--filter", "i < 5000")
    grouped = "SELECT name, count(*), avg(x) FROM $t WHERE i < 5000 GROUP BY name"
    assert ask("--shape", "aggregate", *flags) == sql(f"{grouped} ORDER BY name NULLS LAST")
    counted = "SELECT x, count(*) AS n FROM $t GROUP BY x ORDER BY n DESC, x NULLS LAST LIMIT 5"
    assert ask("--shape", "values", "--column", "x", "--limit", 5) == sql(counted)
    flags = ("--column", "i", "--bins", 4, "--min", 0, "--max", 100_000)
    bins = [[25_000 * n, 25_000 * (n + 1), 25_000] for n in range(4)]
    assert ask("--shape", "histogram", *flags) == bins
    sampled = ask("--shape", "sample", "--size", 50, "--seed", 7, "--select", "i")
    assert [row[0] for row in sampled] == sample(list(range(FRAME.height)), 50, 7)
    (profile,) = ask("--shape", "profile", "--columns", "x")
    nulls = FRAME["x"].null_count()
    assert profile[:5] == ["x", "float64", FRAME.height, nulls, FRAME["x"].drop_nulls().n_unique()]


def test_long_requests(source: list[str]) -> None:
    """Longer than a server's request line may be."""
    numbers = list(range(0, 60_000, 7))
    text = f"i IN ({','.join(map(str, numbers))})"
    flags = ("--select", "i", "--limit", 9_000, "--offset", 2, "--format", "json")
    assert rows_of(run(*source, "--filter", text, *flags)) == [[n] for n in numbers[2:]]
    tree = json.dumps({"op": "in", "args": [{"property": "i"}, numbers]})
    told = run(*source, "--filter", tree, "--filter-lang", "cql2-json", *flags)
    assert rows_of(told) == [[n] for n in numbers[2:]]
    wrong = run(*source, "--filter", text + " AND nope = 1")
    assert (wrong.returncode, "nope" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://127.0.0.1:1/a/b", "unix:x", "unix::t", "unix:/s:a/b"]
)
def test_what_names_no_dataset(url: str) -> None:
    told = run(url)
    assert (told.returncode, "names no dataset" in told.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "column"), [("x >> 5", 3), ("name = 'é李' AND nope = 1", 17), ("x <\t1 +", 7)]
)
def test_a_caret_is_at_the_mistake(
    source: list[str], text: str, column: int, tmp_path: Path
) -> None:
    done = run(*source, "--filter", text, "-o", tmp_path / "out.csv")
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("bowshot: ")
    assert lines[1] == "  " + text.replace("\t", " ")
    assert lines[2].strip() == "^"
    assert lines[2].index("^") == 2 + column
    assert not list(tmp_path.iterdir())


def test_suggestions(source: list[str]) -> None:
    done = run(*source, "--select", "nam")
    assert (done.returncode, "did you mean name?" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    "flags",
    [["--nope"], ["--shape", "nope"], ["--bins", "3"], ["--shape", "histogram"],
     ["--format", "nope"], ["--format", "png"], ["-o", "x.unknown"], ["-o", "x.csv", "-o", "y.csv"],
     ["--token-file", "/nonexistent"], ["--format", "table", "-o", "x.csv"]],
)  # fmt: skip
def test_mistakes_on_the_command_line(folder: Path, flags: list[str]) -> None:
    done = run(folder / "t.parquet", *flags, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["t.parquet", "token"]


def test_other_sources(tmp_path: Path) -> None:
    cache = ("--cache-directory", tmp_path / "cache", "--format", "json")
    FRAME.head(1000).write_csv(tmp_path / "c.csv")
    text = rows_of(run(tmp_path / "c.csv", *cache, "--select", "i,name", "--limit", 500))
    assert text == [list(row) for row in FRAME.head(500).select("i", "name").rows()]
    for part in range(3):
        FRAME.slice(part * 10, 10).write_parquet(tmp_path / f"p{part}.parquet")
    found = rows_of(run(f"{tmp_path}/p*.parquet", *cache, "--select", "i", "--filter", "i > 17"))
    assert found == [[i] for i in range(18, 30)]
    with duckdb.connect(str(tmp_path / "d.duckdb")) as database:
        database.sql("CREATE TABLE one AS SELECT 1 AS a")
        database.sql("CREATE TABLE two AS SELECT 2 AS a")
    assert rows_of(run(tmp_path / "d.duckdb", *cache, "--table", "two")) == [[2]]
    refused = run(tmp_path / "d.duckdb", *cache)
    assert (refused.returncode, "--table" in refused.stderr) == (1, True)
    assert run(tmp_path / "gone.parquet").returncode == 1


def test_the_table(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = {"n": [1, None, 300], "text": ["", "a\x1b[31m\nb", "李"], "long": ["y" * 100, "", None]}
    pq.write_table(pa.table(rows), path)
    lines = run(path, "--format", "table").stdout.splitlines()
    assert [line[:4] for line in lines[:5]] == ["   n", "────", "   1", "null", " 300"]
    assert lines[3].split("│")[1].strip() == "a\\u{1b}[31m\\nb"
    assert lines[2].endswith("y" * 47 + "…")
    assert lines[4].endswith("李" + " " * (len("a\\u{1b}[31m\\nb") - 2) + " │ null")
    assert lines[5] == "3 rows"
    names = run(path, "--format", "table", "--select", "n,text,long,a,b,c", "--compute",
                "a:n+1,b:n+2,c:n+3").stdout.splitlines()  # fmt: skip
    assert names[-1].endswith("; 4 of 6 columns fit the width")
    assert max(len(line) for line in names) <= 80


def test_the_footer_counts(source: list[str]) -> None:
    assert run(*source, "--format", "table").stdout.endswith("\n20 of 100,000 rows\n")
    many = run(*source, "--format", "table", "--limit", 5_000).stdout.splitlines()
    assert (many[-1], len(many)) == ("1,000 of 100,000 rows", 1_003)
    sampled = run(*source, "--shape", "sample", "--size", 3, "--format", "table").stdout
    assert sampled.endswith("\n3 rows, drawn from 100,000, sampled\n")


def test_the_footer_counts_what_a_filter_keeps(source: list[str]) -> None:
    def footer(*flags: object) -> str:
        # A server says the total of rows that it has counted once.
        kept = [flag for flag in flags if flag not in ("--offset", 40, 60)]
        run(*source, "--shape", "count", *kept)
        return run(*source, "--format", "table", *flags).stdout.splitlines()[-1]

    assert footer("--filter", "i < 5000") == "20 of 5,000 rows"
    assert footer("--filter", "j < 7000", "--compute", "j:i+0") == "20 of 7,000 rows"
    assert footer("--filter", "i < 50", "--offset", 40) == "10 of 50 rows"
    assert footer("--filter", "i < 50", "--offset", 60) == "0 of 50 rows"
    assert footer("--filter", "i < 7") == "7 rows"
    assert footer("--filter", "i < 0") == "0 rows"


def on_a_terminal(columns: int, *arguments: object) -> tuple[int, str]:
    """Exit code and what the terminal, which is so wide, got."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [str(BINARY), "query", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=follower, stderr=follower, stdin=subprocess.DEVNULL)
    os.close(follower)
    text = b""
    while True:
        try:
            text += os.read(leader, 65_536)
        except OSError:  # the other end is closed
            break
    os.close(leader)
    return process.wait(30), text.decode()


def test_on_a_terminal(folder: Path) -> None:
    code, text = on_a_terminal(20, folder / "t.parquet")
    lines = text.splitlines()
    assert (code, len(lines)) == (0, 23)
    assert all(len(line) <= 20 for line in lines[:-1])
    assert lines[-1] == "20 of 100,000 rows; 2 of 4 columns fit the width"
    code, text = on_a_terminal(80, folder / "t.parquet", "--format", "csv", "--select", "i")
    assert text.split() == ["i", *map(str, range(20))]
    assert on_a_terminal(80, folder / "t.parquet", "--format", "parquet")[0] == 2


def start_long(path: Path, source: str) -> subprocess.Popen[bytes]:
    """An aggregate that runs for long before its first row."""
    slow = ["--shape", "aggregate", "--by", "i,x,name,day"]
    measures = ["--measures", ",".join(f"q{n}:quantile(x,0.{n})" for n in range(1, 10))]
    command = [str(BINARY), "query", source, *slow, *measures, "-o", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "t.parquet"
    duckdb.sql(
        "COPY (SELECT range AS i, range % 101 / 4 AS x, 'n' || range AS name, range * 3 AS day "
        f"FROM range(3000000)) TO '{path}'"
    )
    return path


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it(large: Path, tmp_path: Path, number: signal.Signals) -> None:
    process = start_long(tmp_path / "out.csv", str(large))
    wait_until(lambda: any(tmp_path.iterdir()), 20, "the temporary file")
    process.send_signal(number)
    assert process.wait(10) == 130
    assert process.communicate() == (b"", b"")
    assert not list(tmp_path.iterdir())


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_signal_stops_the_engine(large: Path, tmp_path: Path) -> None:
    """Within a second; of the processor's time, as the machine may be busy with other things."""
    process = start_long(tmp_path / "out.csv", str(large))
    wait_until(lambda: cpu_seconds(process.pid) > 1, 60, "a query in full swing")
    before = cpu_seconds(process.pid)
    process.send_signal(signal.SIGINT)
    with process:
        _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    assert usage.ru_utime + usage.ru_stime - before < (os.cpu_count() or 1)


def test_a_signal_stops_the_server_too(large: Path, tmp_path: Path) -> None:
    with BowshotServer([str(large)]) as server:
        process = start_long(tmp_path / "out.csv", f"{server.url}/v1/datasets/t/")
        running = "bowshot_queries_running"
        wait_until(lambda: server.metric(running) == 1, 20, "the query")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        wait_until(lambda: server.metric(running) == 0, 5, "the server is idle")
    assert not list(tmp_path.iterdir())


def test_an_answer_that_breaks_off(folder: Path, tmp_path: Path) -> None:
    """The file is overwritten while it is read: no file, and the server's reason."""
    path = tmp_path / "data" / "t.parquet"
    path.parent.mkdir()
    values = pa.array(range(8_000_000), pa.int64())
    pq.write_table(pa.table({"i": values}), path, row_group_size=200_000, compression="none")
    out = tmp_path / "out"
    os.mkfifo(out)
    with BowshotServer([str(path)]) as server:
        command = [str(BINARY), "query", f"{server.url}/t", "-o", str(out), "--format", "arrow"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with out.open("rb") as reader:
            reader.read(100_000)
            raw = path.read_bytes()
            path.write_bytes(raw[: len(raw) // 4])
            reader.read()
        assert process.wait(30) == 1
        assert b"changed" in process.communicate()[1]


class Liar(http.server.BaseHTTPRequestHandler):
    """Cut bodies, pages of another server."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        is_ours = "/cut/" in self.path
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        if is_ours:
            self.send_header("Bowshot-Version", "1")
        self.end_headers()
        self.wfile.write(b"a" * (10 if is_ours else 1000))
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def test_servers_that_lie(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        for name, words in (("cut", "broke off"), ("page", "no server of Bowshot")):
            done = run(f"{base}/{name}", "-o", tmp_path / "x.csv")
            assert (done.returncode, done.stdout) == (1, "")
            assert words in done.stderr
        server.shutdown()
    assert not list(tmp_path.iterdir())
    assert run(f"{base}/gone").returncode == 1  # nobody listens any more
    for url in ("http://", base, f"{base}/a/b", f"{base}/v1/datasets/", f"{base}/a?x=1"):
        assert run(url).returncode == 2, url


def test_tokens(guarded: BowshotServer, folder: Path) -> None:
    refused = run(f"{guarded.url}/t")
    assert (refused.returncode, "token" in refused.stderr) == (1, True)
    assert TOKEN not in refused.stderr


def test_the_file_is_whole_or_as_it_was(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.csv"
    out.write_text("before")
    out.chmod(0o640)
    command = f"ulimit -f 100; exec {BINARY} query {folder}/t.parquet -o {out}"
    full = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    assert (full.returncode, b"too large" in full.stderr) == (1, True)
    assert (out.read_text(), list(tmp_path.iterdir())) == ("before", [out])
    (tmp_path / "link.csv").symlink_to(out)
    assert run(folder / "t.parquet", "-o", tmp_path / "link.csv").returncode == 0
    assert read(out, "csv").equals(FRAME)
    assert (tmp_path / "link.csv").is_symlink()
    assert out.stat().st_mode & 0o777 == 0o640
    assert run(folder / "t.parquet", "-o", "/dev/null", "--format", "csv").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_a_reader_that_leaves(folder: Path) -> None:
    command = f"set -o pipefail; {BINARY} query {folder}/t.parquet | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (141, "i,x,name,day\n", "")

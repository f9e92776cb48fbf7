"""SIGKILL at random moments of conversion and of publishing: the old or the new, never half."""

from __future__ import annotations

import io
import random
import subprocess
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import requests
from bowshot_server import BINARY, BowshotServer

ROWS = 200_000
SECONDS_MAX = 30


def table(number: int) -> pa.Table:
    """Every row tells which table it is of."""
    return pa.table({"row": pa.array(range(ROWS)), "number": pa.array([number] * ROWS)})


def number_of(read: pa.Table) -> int:
    """Which table this is; fails unless it is the whole of it."""
    number = read["number"][0].as_py()
    assert read.equals(table(number)), "a table that is neither the old nor the new"
    return number


def as_stream(number: int) -> bytes:
    sink = io.BytesIO()
    whole = table(number)
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return sink.getvalue()


def read_parquet(path: Path) -> pa.Table:
    return pq.read_table(path, page_checksum_verification=True).replace_schema_metadata()


class Publisher:
    """Publishes one table after the other as `t`; keeps what was sent and what acknowledged."""

    def __init__(self) -> None:
        self.sent = 0
        self.acknowledged = 0

    def run(self, url: str) -> None:
        """Until the server is gone."""
        headers = {"Content-Type": "application/vnd.apache.arrow.stream"}
        try:
            while True:
                self.sent += 1
                body = as_stream(self.sent)
                place = f"{url}/v1/datasets/t"
                answer = requests.put(place, data=body, headers=headers, timeout=SECONDS_MAX)
                assert answer.status_code in (200, 201), answer.text
                self.acknowledged = self.sent
        except requests.RequestException:
            return


def kill_while_publishing(folder: Path, times: int, source: random.Random) -> int:
    """Returns how many kills came between an acknowledgement and the next one."""
    flags = ["--allow-publish", "--publish-dir", str(folder / "published")]
    fixed = folder / "fixed.parquet"
    pq.write_table(pa.table({"x": [1]}), fixed)
    publisher = Publisher()
    within = 0
    for _ in range(times):
        server = BowshotServer([str(fixed)], *flags)
        thread = threading.Thread(target=publisher.run, args=(server.url,))
        thread.start()
        time.sleep(source.uniform(0, 0.15))  # the random moment is the test
        server.kill()
        thread.join(SECONDS_MAX)
        within += publisher.sent > publisher.acknowledged
        check_published([str(fixed), *flags], publisher)
    return within


def check_published(arguments: list[str], publisher: Publisher) -> None:
    with BowshotServer(arguments) as server:
        answer = server.get("/v1/datasets/t/rows")
        if answer.status == 404:
            assert publisher.acknowledged == 0, "an acknowledged table is lost"
            return
        read = pa.ipc.open_stream(answer.body).read_all().replace_schema_metadata()
    assert publisher.acknowledged <= number_of(read) <= publisher.sent


def kill_while_converting(folder: Path, times: int, source: random.Random) -> int:
    """Replaces one Parquet file from two CSV files in turn. Returns how many were cut short."""
    for number in (0, 1):
        rows = "".join(f"{row},{number}\n" for row in range(ROWS))
        (folder / f"{number}.csv").write_text("row,number\n" + rows)
    out = folder / "out.parquet"
    cut = 0
    seconds = 0.3
    for round_number in range(times):
        number = round_number % 2
        before = number_of(read_parquet(out)) if out.exists() else None
        command = [str(BINARY), "convert", "--force", str(folder / f"{number}.csv"), str(out)]
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            code = process.wait(source.uniform(0, seconds * 1.2))
            seconds = time.monotonic() - start
            assert code == 0
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait(SECONDS_MAX)
            cut += 1
        after = number_of(read_parquet(out)) if out.exists() else None
        assert after == number or (code != 0 and after == before), (before, after, code)
    return cut

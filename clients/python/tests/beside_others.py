"""Run in an environment of its own by test_wheel.py: the core in process beside another pyarrow
and another DuckDB where there is one, all at work at once. Prints what it found.

beside_others.py FLIGHTS PYARROW_VERSION
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import bowshot


def main(flights: str, version: str) -> None:
    assert pa.__version__ == version, pa.__version__
    table = pq.read_table(flights)
    texts = ("origin", "destination")  # large ones, where the file says so; ours are plain
    fields = [f.with_type(pa.string()) if f.name in texts else f for f in table.schema]
    table = table.cast(pa.schema(fields)).replace_schema_metadata()
    late = pc.sum(pc.greater(table["delay"], 60)).as_py()
    failures: list[BaseException] = []

    def guarded(work: object) -> None:
        try:
            for _ in range(3):
                work()  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    with bowshot.Core({"flights": flights, "frame": table.slice(0, 1000)}) as core:

        def ask_core() -> None:
            assert core["flights"].filter("delay > 60").count().item() == late
            rows = core["flights"].rows(limit=70_000).to_arrow()
            assert rows.equals(table.slice(0, 70_000))
            core["flights"].aggregate(by="origin", measures="mean(delay)").to_arrow()
            assert core["frame"].rows().to_arrow()["delay"].equals(table["delay"].slice(0, 1000))

        def ask_pyarrow() -> None:
            table.group_by("origin").aggregate([("delay", "mean")])
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "x.parquet"
                pq.write_table(table.slice(0, 100_000), path, compression="zstd")
                assert pq.read_table(path).equals(table.slice(0, 100_000))

        works = [ask_core, ask_pyarrow, ask_core]
        if importlib.util.find_spec("duckdb"):
            import duckdb

            def ask_duckdb() -> None:
                sql = f"SELECT count(*) FROM '{flights}' WHERE delay > 60"
                assert duckdb.connect().execute(sql).fetchone() == (late,)

            works.append(ask_duckdb)
        threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = {Path(line.split()[-1]).name for line in lines if "/libarrow" in line}
    ours = {name for name in names if name.startswith("libarrow-")}
    theirs = {name for name in names if name.startswith("libarrow.so")}
    assert len(ours) == 1, names
    assert len(theirs) == 1, names
    print("fine", *sorted(ours | theirs))


if __name__ == "__main__":
    main(*sys.argv[1:])

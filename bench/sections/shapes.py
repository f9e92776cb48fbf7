"""Every shape beside the same question to DuckDB in process, in turns: what the server adds."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

import data
from bowshot_server import BowshotServer
from measure import Cost, cost_of, windows
from peer_process import DuckDbInProcess, into_memory
from report import Bench

REPEATS = 3


@dataclass(frozen=True)
class Question:
    """One question in both languages. `{i}` is the repeat, so that nothing kept answers it."""

    name: str
    shape: str
    parameters: dict[str, str]
    statement: str  # over {t}, the file, and {r}, the file with its row numbers


QUESTIONS = [
    Question(
        "rows, filtered, the first 100 of an order",
        "rows",
        {"filter": "value > 10{i}", "order": "-value,id", "limit": "100"},
        """SELECT * EXCLUDE file_row_number FROM {r} WHERE value > 10{i}
           ORDER BY value DESC NULLS LAST, id NULLS LAST, file_row_number LIMIT 100""",
    ),
    Question(
        "rows, filtered, 100 from the middle",
        "rows",
        {"filter": "value > 10{i}", "offset": "400000", "limit": "100"},
        """SELECT * EXCLUDE file_row_number FROM {r} WHERE value > 10{i}
           ORDER BY file_row_number LIMIT 100 OFFSET 400000""",
    ),
    Question(
        "count, filtered",
        "count",
        {"filter": "value > 10{i} AND category = 'category 03'"},
        "SELECT count(*) FROM {t} WHERE value > 10{i} AND category = 'category 03'",
    ),
    Question(
        "aggregate by two columns",
        "aggregate",
        {"by": "category,bin(qty,10{i})", "measures": "count(),mean(value),max(lat)"},
        """SELECT category, qty // 10{i} * 10{i} AS q, count(*), avg(value), max(lat) FROM {t}
           GROUP BY ALL ORDER BY category NULLS LAST, q NULLS LAST""",
    ),
    Question(
        "aggregate, filtered, no groups",
        "aggregate",
        {
            "filter": "qty > {i}",
            "measures": "sum(value),stddev(lat),approx_count_distinct(symbol)",
        },
        """SELECT sum(value), stddev(lat), approx_count_distinct(symbol)
           FROM {t} WHERE qty > {i}""",
    ),
    Question(
        "values, all",
        "values",
        {"column": "symbol", "limit": "10{i}"},
        """SELECT symbol, count(*) AS n FROM {t} GROUP BY symbol
           ORDER BY n DESC, symbol NULLS LAST LIMIT 10{i}""",
    ),
    Question(
        "values, filtered",
        "values",
        {"column": "symbol", "filter": "value > 10{i}"},
        """SELECT symbol, count(*) AS n FROM {t} WHERE value > 10{i} GROUP BY symbol
           ORDER BY n DESC, symbol NULLS LAST LIMIT 100""",
    ),
    Question(
        "histogram, all",
        "histogram",
        {"column": "value", "bins": "10{i}"},
        """WITH bounds AS (SELECT min(value) AS a, max(value) AS b FROM {t} WHERE isfinite(value))
           SELECT least(9{i}, floor((value - a) * 10{i} / (b - a))) AS bin, count(*)
           FROM {t}, bounds WHERE isfinite(value) GROUP BY bin ORDER BY bin""",
    ),
    Question(
        "histogram, filtered, bounds given",
        "histogram",
        {"column": "value", "filter": "qty > {i}", "min": "0", "max": "1000"},
        """SELECT least(49, floor(value * 50 / 1000)) AS bin, count(*) FROM {t}
           WHERE qty > {i} AND value BETWEEN 0 AND 1000 GROUP BY bin ORDER BY bin""",
    ),
    Question(
        "sample of 10,000",
        "sample",
        {"size": "10000", "seed": "{i}"},
        "SELECT * FROM {t} USING SAMPLE reservoir(10000 ROWS) REPEATABLE ({i})",
    ),
    Question(
        "sample of 10,000, filtered",
        "sample",
        {"size": "10000", "seed": "{i}", "filter": "value > 100"},
        """SELECT * FROM (FROM {t} WHERE value > 100)
           USING SAMPLE reservoir(10000 ROWS) REPEATABLE ({i})""",
    ),
    Question(
        "sample of 10,000, by groups",
        "sample",
        {"size": "10000", "seed": "{i}", "by": "category"},
        """SELECT * EXCLUDE file_row_number FROM {r} SEMI JOIN (
             SELECT unnest(min_by(file_row_number, hash(file_row_number + {i}), 500)) AS n
             FROM {r} GROUP BY category) ON n = file_row_number""",
    ),
    # SUMMARIZE has neither the most frequent values nor a histogram.
    Question(
        "profile of 8 columns",
        "profile",
        {},
        "SUMMARIZE FROM {t}",
    ),
    Question(
        "profile of one number",
        "profile",
        {"columns": "value"},
        "SUMMARIZE SELECT value FROM {t}",
    ),
]


def shapes(bench: Bench) -> None:
    path = into_memory(data.make("10M" if bench.is_quick else "100M"))
    table = f"'{path}'"
    numbered = f"read_parquet('{path}', file_row_number = true)"
    with (
        BowshotServer([f"data={path}"], "--first-batch-seconds", "300") as server,
        DuckDbInProcess() as duckdb,
    ):
        duckdb.run(f"SELECT count(*) FROM {table} WHERE id < 0")
        windows(server.port, ["/v1/datasets/data/count?filter=id%3C0"])
        for question in QUESTIONS:
            own: list[tuple[float, Cost]] = []
            theirs: list[dict[str, float]] = []
            for i in range(REPEATS):
                words = {k: v.format(i=i) for k, v in question.parameters.items()}
                asked = f"/v1/datasets/data/{question.shape}?{urlencode(words, quote_via=quote)}"
                with cost_of(server.pid) as cost:
                    seconds = windows(server.port, [asked]).seconds[0]
                own.append((seconds, cost))
                theirs.append(duckdb.run(question.statement.format(t=table, r=numbered, i=i)))
            add(bench, question.name, own, theirs)


def add(
    bench: Bench, name: str, own: list[tuple[float, Cost]], theirs: list[dict[str, float]]
) -> None:
    """The quickest of each: what the machine can do when left alone."""
    seconds, cost = min(own, key=lambda one: one[0])
    used = min(cost.cpu_seconds for _, cost in own)
    peer = min(theirs, key=lambda one: one["seconds"])
    bench.report.add(name, seconds * 1e3, "ms", cost=cost)
    bench.report.add(f"{name}: DuckDB in process", peer["seconds"] * 1e3, "ms")
    bench.report.add(f"{name}: DuckDB in process, CPU", peer["cpu_seconds"], "s")
    bench.report.add(f"{name}: of DuckDB's time", seconds / peer["seconds"], "x")
    used_by_peer = min(one["cpu_seconds"] for one in theirs)
    bench.report.add(f"{name}: of DuckDB's CPU", used / used_by_peer, "x")

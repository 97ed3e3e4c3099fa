"""The work that is measured, in pandas, polars and Arrow. Blocks import it, and run as a script it is the plain version.

    python shapes.py chain LIBRARY SOURCE OUTPUT      loader, two transformers and an export in one process; the source
                                                      is a Parquet file, or a number of rows that the loader makes up
    python shapes.py input ROWS OUTPUT                the Parquet file that loaders read
    python shapes.py sql INPUT QUERY                  DuckDB over the same table in one process

The frame has ten columns: three integers, three floats, two strings (1,000 and 200,000 distinct), two timestamps; about
a gigabyte in memory for ten million rows. Only the standard library is imported before it is known what runs.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

QUERIES = {
    "thousand groups": "SELECT label, count(*) AS n, sum(x * z) AS total, max(created) AS latest FROM {table} GROUP BY label",
    "many groups": "SELECT mail, count(*) AS n, avg(y) AS mean, max(updated) AS latest FROM {table} GROUP BY mail",
    "window": (
        "SELECT * FROM (SELECT id, label, x, row_number() OVER (PARTITION BY label ORDER BY x DESC) AS place FROM {table}) "
        "WHERE place <= 100"
    ),
}
"""What is asked of the frame in SQL, from light to heavy."""


def columns(rows: int, first: int = 0) -> dict[str, Any]:
    """The columns of the frame as numpy arrays; for the two strings a pair: the distinct values, and which one."""
    import numpy as np

    random = np.random.default_rng(7 + first)
    start = np.datetime64("2024-01-01", "us")
    return {
        "id": np.arange(first, first + rows, dtype="int64"),
        "small": random.integers(0, 1000, rows),
        "large": random.integers(0, 10**9, rows),
        "x": random.random(rows),
        "y": random.normal(size=rows),
        "z": random.random(rows) * 1e6,
        "label": ([f"label_{index:04d}" for index in range(1000)], random.integers(0, 1000, rows)),
        "mail": ([f"user-{index:07d}@example.org" for index in range(200_000)], random.integers(0, 200_000, rows)),
        "created": start + random.integers(0, 10**13, rows).astype("timedelta64[us]"),
        "updated": start + random.integers(0, 10**13, rows).astype("timedelta64[us]"),
    }


def write_input(rows: int, path: str) -> None:
    """Write the frame as Parquet, a million rows at a time."""
    import pyarrow.parquet as pq

    writer = None
    for first in range(0, rows, 1_000_000):
        table = Arrow.make(min(1_000_000, rows - first), first)
        writer = writer or pq.ParquetWriter(path, table.schema, compression="snappy")
        writer.write_table(table)
    assert writer is not None
    writer.close()


class Pandas:
    """The four steps in pandas."""

    @staticmethod
    def make(rows: int) -> Any:
        import numpy as np
        import pandas as pd

        def text(values: list[str], which: Any) -> Any:
            return np.array(values, dtype=object)[which]

        return pd.DataFrame({n: text(*v) if isinstance(v, tuple) else v for n, v in columns(rows).items()})

    @staticmethod
    def load(path: str) -> Any:
        import pandas as pd

        return pd.read_parquet(path)

    @staticmethod
    def widen(frame: Any) -> Any:
        frame["total"] = frame["x"] * frame["z"] + frame["small"]
        return frame

    @staticmethod
    def filter(frame: Any) -> Any:
        frame = frame[frame["y"] > -2.0]
        return frame.assign(day=frame["created"].dt.floor("D"))

    @staticmethod
    def export(frame: Any, path: str) -> None:
        frame.to_parquet(path, index=False)


class Polars:
    """The same in polars."""

    @staticmethod
    def make(rows: int) -> Any:
        import polars as pl

        def text(values: list[str], which: Any) -> Any:
            return pl.Series(values).gather(pl.Series(which))

        return pl.DataFrame({n: text(*v) if isinstance(v, tuple) else v for n, v in columns(rows).items()})

    @staticmethod
    def load(path: str) -> Any:
        import polars as pl

        return pl.read_parquet(path)

    @staticmethod
    def widen(frame: Any) -> Any:
        import polars as pl

        return frame.with_columns(total=pl.col("x") * pl.col("z") + pl.col("small"))

    @staticmethod
    def filter(frame: Any) -> Any:
        import polars as pl

        return frame.filter(pl.col("y") > -2.0).with_columns(day=pl.col("created").dt.truncate("1d"))

    @staticmethod
    def export(frame: Any, path: str) -> None:
        frame.write_parquet(path)


class Arrow:
    """The same in Arrow."""

    @staticmethod
    def make(rows: int, first: int = 0) -> Any:
        import pyarrow as pa

        def text(values: list[str], which: Any) -> Any:
            return pa.array(values).take(pa.array(which))

        return pa.table({n: text(*v) if isinstance(v, tuple) else v for n, v in columns(rows, first).items()})

    @staticmethod
    def load(path: str) -> Any:
        import pyarrow.parquet as pq

        return pq.read_table(path)

    @staticmethod
    def widen(table: Any) -> Any:
        import pyarrow.compute as pc

        return table.append_column("total", pc.add(pc.multiply(table["x"], table["z"]), table["small"]))

    @staticmethod
    def filter(table: Any) -> Any:
        import pyarrow.compute as pc

        table = table.filter(pc.greater(table["y"], -2.0))
        return table.append_column("day", pc.floor_temporal(table["created"], unit="day"))

    @staticmethod
    def export(table: Any, path: str) -> None:
        import pyarrow.parquet as pq

        pq.write_table(table, path)


LIBRARIES: dict[str, Any] = {"pandas": Pandas, "polars": Polars, "arrow": Arrow}


def plain_chain(library: str, source: str, target: str) -> None:
    """The plain script: what anyone would write without a tool."""
    steps = LIBRARIES[library]
    frame = steps.make(int(source)) if source.isdigit() else steps.load(source)
    frame = steps.widen(frame)
    frame = steps.filter(frame)
    steps.export(frame, target)


def plain_sql(source: str, query: str) -> None:
    """The query on the Arrow table in this process, once; prints its seconds, and those from the connection on."""
    import duckdb
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    begun = time.perf_counter()
    connection = duckdb.connect()
    connection.register("upstream", table)
    start = time.perf_counter()
    result = connection.sql(QUERIES[query].format(table="upstream")).to_arrow_table()
    end = time.perf_counter()
    print(json.dumps({"rows": result.num_rows, "seconds": end - start, "connected": end - begun}))


def main(arguments: list[str]) -> None:
    """Run the named shape."""
    match arguments:
        case ["input", rows, path]:
            write_input(int(rows), path)
        case ["chain", library, source, target]:
            plain_chain(library, source, target)
        case ["sql", source, query]:
            plain_sql(source, query)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""What it costs to look at a large output in the studio: pages, sorting, filters, profiles, charts, differences.

    python benchmarks/studio_pages.py [rows]

A real store and the real reader process, asked as the server asks it: figures are milliseconds of the wall clock from the
question to the last byte of the answer, medians of 9 where a question can be repeated. Beside them stand the same slice
by bare pyarrow and the same query by bare DuckDB, in this process and in the same run; ratios are to those.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from penstock.data import ProductStore, fingerprint
from penstock.model.product import Address, Lineage, ProductRef
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.reader.questions import (
    ChartQuestion,
    DiffQuestion,
    DownloadQuestion,
    PageQuestion,
    ProfileQuestion,
    Question,
    Rows,
    Target,
)
from penstock.server.schema.selections import Condition, SortBy

TIMES = 9
LIMIT = 200
MEMORY = 4 << 30


def frame(rows: int) -> pd.DataFrame:
    """A key, a float with gaps, a small integer, a time, a category, and text of 50,000 values."""
    random = np.random.default_rng(1)
    words = np.array([f"name {at:06d} of somebody" for at in range(50_000)], dtype=object)
    x = random.normal(size=rows)
    x[::7] = np.nan
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "x": x,
            "i": random.integers(0, 1000, rows),
            "t": np.datetime64("2020-01-01", "us") + random.integers(0, 10**8, rows).astype("m8[s]").astype("m8[us]"),
            "city": pd.Categorical.from_codes(random.integers(0, 4, rows), ["Berlin", "London", "Paris", "Rome"]),
            "name": pd.array(words[random.integers(0, 50_000, rows)], "str"),
        }
    )


def put(store: ProductStore, value: object, run: str) -> ProductRef:
    with store.draft(Address("bench", "load"), store.issue_fence(run, "load")) as draft:
        draft.add(value)
        return draft.publish(Lineage(run=run), fingerprint=fingerprint(Lineage(variables={"run": run}))).ref


def bare(work: Callable[[], object], times: int = TIMES) -> float:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


class Looker:
    """Asks the reader and keeps the time."""

    def __init__(self, root: Path, target: Target) -> None:
        self.client = ReaderClient(root, MEMORY)
        self.target = target

    async def once(self, question: Question) -> float:
        start = time.perf_counter()
        await self.client.ask(question, seconds=600)
        return (time.perf_counter() - start) * 1000

    async def page(self, offset: int, **rows: Any) -> float:
        return await self.once(PageQuestion(target=self.target, offset=offset, limit=LIMIT, rows=Rows(**rows)))

    async def pages(self, total: int, **rows: Any) -> float:
        """The median of pages all over the table; every one is another."""
        took = [await self.page(at * (total - LIMIT) // TIMES, **rows) for at in range(1, TIMES + 1)]
        return statistics.median(took)

    async def settled(self, **rows: Any) -> float:
        """Milliseconds until the whole order, which is made in the background, serves the last pages."""
        return await self.page(10_000, **rows)


def own_memory(pid: int | None) -> int:
    """Kilobytes that are not of mapped files."""
    return int(Path(f"/proc/{pid}/status").read_text().split("RssAnon:")[1].split()[0])


SORTS = ("id", "x", "i", "t", "city", "name")
FILTERS = {
    "x > 1 and city = Paris": (Condition("x", ">", 1), Condition("city", "=", "Paris")),
    "t >= 2021": (Condition("t", ">=", "2021-01-01"),),
    "name contains 4242": (Condition("name", "contains", "4242"),),
}


async def measure(root: Path, refs: list[ProductRef], rows: int, found: dict[str, Any]) -> None:
    target = Target(pipeline="bench", block="load", version=refs[0].version)
    cold = []
    for _ in range(3):
        looker = Looker(root, target)
        cold.append(await looker.page(0))
        await looker.client.close()
    found["first page, reader not started"] = statistics.median(cold)
    looker = Looker(root, target)
    await looker.client.warm()
    await asyncio.sleep(3)  # as when a tab has been open for a moment
    found["first page, reader started"] = await looker.page(0)
    found["any page"] = await looker.pages(rows)
    for name in SORTS:
        sort = (SortBy(name),)
        first = await looker.page(0, sort=sort)
        settled = await looker.settled(sort=sort)
        found[f"sorted by {name}"] = {
            "first page": first,
            "order made": settled,
            "any page": await looker.pages(rows, sort=sort),
        }
    for words, filters in FILTERS.items():
        head, _ = await looker.client.ask(PageQuestion(target=target, rows=Rows(filters=filters), limit=0))
        left = max(head["filtered"], LIMIT + 1)
        fresh = (*filters, Condition("i", "<", 1001))  # the same rows, asked for the first time
        found[f"where {words}"] = {
            "first page": await looker.page(0, filters=fresh),
            "any page": await looker.pages(left, filters=filters),
            "sorted by name, first page": await looker.page(0, filters=filters, sort=(SortBy("name"),)),
            "rows": head["filtered"],
        }
    found["profile of six columns"] = await looker.once(ProfileQuestion(target=target))
    for kind, configuration in {
        "bar chart": {"x": "city", "metrics": [{"aggregation": "average", "column": "x"}]},
        "histogram": {"x": "x"},
        "time series line chart": {"x": "t", "time_interval": "month"},
        "scatter plot": {"x": "x", "y": "i"},
    }.items():
        question = ChartQuestion(target=target, configuration={"chart_type": kind, **configuration})
        found[kind] = statistics.median([await looker.once(question) for _ in range(3)])
    found["csv of all rows"] = await looker.once(DownloadQuestion(target=target, format="csv"))
    found["parquet of all rows"] = await looker.once(DownloadQuestion(target=target, format="parquet"))
    versions = {"before": refs[0].version, "after": refs[1].version}
    found["difference of two versions"] = await looker.once(DiffQuestion(target=target, **versions))
    found["difference by key"] = await looker.once(DiffQuestion(target=target, keys=("id",), **versions))
    found["reader's own memory, MB"] = own_memory(looker.client.pid) / 1024
    await looker.client.close()


def beside(store: ProductStore, ref: ProductRef, rows: int) -> dict[str, float]:
    """The same by bare pyarrow and DuckDB, over the same mapped columns."""
    table = store.table(ref)
    numbered = table.append_column("r", pa.array(np.arange(rows)))
    duck = duckdb.connect()
    duck.register("t", numbered)

    def sliced() -> bytes:
        sink = pa.BufferOutputStream()
        part = table.slice(rows // 2, LIMIT)
        with pa.ipc.new_stream(sink, part.schema) as out:
            out.write_table(part)
        return sink.getvalue().to_pybytes()

    found = {"slice": bare(sliced)}
    for name in SORTS:
        query = f"select * from t order by {name} nulls last, r limit {LIMIT}"
        found[f"sorted by {name}, first page"] = bare(lambda query=query: duck.sql(query).to_arrow_table(), 3)
        query += f" offset {rows // 2}"
        found[f"sorted by {name}, page in the middle"] = bare(lambda query=query: duck.sql(query).to_arrow_table(), 1)
    query = f"select * from t where contains(lower(name), '4242') order by r limit {LIMIT}"
    found["where name contains 4242"] = bare(lambda: duck.sql(query).to_arrow_table(), 3)
    return found


def main() -> None:
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        store = ProductStore(Path(folder))
        made = frame(rows)
        refs = [put(store, made, "one")]
        made["x"] = made["x"].where(made["id"] % 1000 != 0, 0.0)
        refs.append(put(store, made.iloc[: rows - 10], "two"))
        del made
        found: dict[str, Any] = {"rows": rows}
        asyncio.run(measure(Path(folder), refs, rows, found))
        found["bare"] = beside(store, refs[0], rows)
        found["ratios"] = {
            "any page to a bare slice": found["any page"] / found["bare"]["slice"],
            **{
                f"sorted by {name}, any page to bare DuckDB": found[f"sorted by {name}"]["any page"]
                / found["bare"][f"sorted by {name}, page in the middle"]
                for name in SORTS
            },
            **{
                f"sorted by {name}, first page to bare DuckDB": found[f"sorted by {name}"]["first page"]
                / found["bare"][f"sorted by {name}, first page"]
                for name in SORTS
            },
        }
    print(json.dumps(found, indent=2, default=lambda value: round(value, 3)))


if __name__ == "__main__":
    main()

"""What the store of data products costs: 10 million rows x 10 columns beside bare pyarrow, and a chain of 40 tiny outputs.

    python benchmarks/data_store.py [rows]

Each figure is the median of 5; ratios are to bare pyarrow in the same run. Bare pyarrow writes the table without statistics,
preview or forcing anything to the disk.
"""

from __future__ import annotations

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
import polars as pl
import pyarrow as pa

from penstock.data import Durability, ProductStore, fingerprint
from penstock.data.statistics import column_statistics
from penstock.model.product import Address, Lineage, ProductRef

TIMES = 5


def frame(rows: int) -> pd.DataFrame:
    """Three of int64, three of float64, a time, a bool, a text of 1,000 values and one of distinct values."""
    random = np.random.default_rng(1)
    words = pa.array([f"value {number}" for number in range(1000)])
    texts = pa.DictionaryArray.from_arrays(pa.array(random.integers(0, 1000, rows)), words).cast(pa.large_string())
    distinct = pa.compute.binary_join_element_wise("k", pa.array(np.arange(rows)).cast(pa.string()), "-").cast(
        pa.large_string()
    )
    columns: dict[str, Any] = {f"i{at}": random.integers(0, 10**9, rows) for at in range(3)}
    columns |= {f"f{at}": random.random(rows) for at in range(3)}
    columns["t"] = np.datetime64("2020-01-01", "us") + np.arange(rows).astype("m8[s]").astype("m8[us]")
    columns["b"] = random.random(rows) < 0.5
    made = pd.DataFrame({name: pd.Series(values, copy=False) for name, values in columns.items()}, copy=False)
    made["s"] = texts.to_pandas(types_mapper=None)
    made["u"] = distinct.to_pandas(types_mapper=None)
    return made


class Bench:
    def __init__(self, root: Path, durability: Durability) -> None:
        self.store = ProductStore(root, durability=durability)
        self.count = 0

    def put(self, value: object) -> tuple[ProductRef, int]:
        self.count += 1
        block = f"b{self.count}"
        draft = self.store.draft(Address("bench", block), self.store.issue_fence("run", block))
        summary = draft.add(value)
        lineage = Lineage(code={"a.py": "0" * 64})
        return draft.publish(lineage, fingerprint=fingerprint(lineage)).ref, summary.stored_bytes


def median(work: Callable[[], object], between: Callable[[], object] = lambda: None) -> float:
    took = []
    for _ in range(TIMES):
        between()
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def bare(table: pa.Table, path: Path) -> None:
    with path.open("wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    found: dict[str, Any] = {"rows": rows}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        root = Path(folder)
        data = frame(rows)
        table = pa.Table.from_pandas(data, preserve_index=False)
        found["arrow_mb"] = round(table.nbytes / 1e6)
        path = root / "bare.arrow"
        found |= writes(root, data, table)
        bare(table, path)
        bench = Bench(root / "store", Durability.POWER)
        ref, size = bench.put(data)
        found["stored_mb"] = round(size / 1e6)
        found["load_pandas_s"] = round(median(lambda: bench.store.load(ref)), 4)
        found["table_s"] = round(median(lambda: bench.store.table(ref)), 4)
        found["bare_open_and_to_pandas_s"] = round(
            median(lambda: pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pandas()), 4
        )
        found |= passthrough(bench, ref)
        found |= others(bench, table, ref)
        found |= chain(root)
    print(json.dumps(found, indent=2))


def writes(root: Path, data: pd.DataFrame, table: pa.Table) -> dict[str, Any]:
    """Each in turn and removed again, so that all meet the same page cache."""
    path = root / "bare.arrow"
    took: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> Any:
        start = time.perf_counter()
        result = work()
        took.setdefault(name, []).append(time.perf_counter() - start)
        return result

    for _ in range(TIMES):
        timed("bare_write_s", lambda: bare(table, path))
        path.unlink()
        for durability in Durability:
            bench = Bench(root / durability, durability)
            for name, value in (("pandas", data), ("arrow", table)):
                ref, _ = timed(f"write_{name}_{durability}_s", lambda bench=bench, value=value: bench.put(value))
                for entry in bench.store.manifest(ref).files:
                    (bench.store.root / entry.key).unlink()
    columns = [(name, table.column(name)) for name in table.column_names]
    for _ in range(TIMES):
        timed("statistics_s", lambda: [column_statistics(name, "", column) for name, column in columns])
    medians = {name: statistics.median(times) for name, times in took.items()}
    base = medians["bare_write_s"]
    ratios = {name.replace("_s", "_ratio"): round(value / base, 2) for name, value in medians.items()}
    return {**{name: round(value, 4) for name, value in medians.items()}, **ratios}


def passthrough(bench: Bench, ref: ProductRef) -> dict[str, Any]:
    took = []
    added = 0
    for _ in range(TIMES):
        loaded = bench.store.load(ref)
        loaded["f0"] = loaded["f0"] * 2
        start = time.perf_counter()
        _, added = bench.put(loaded)
        took.append(time.perf_counter() - start)
    copied = bench.store.load(ref).copy()
    start = time.perf_counter()
    _, again = bench.put(copied)
    return {
        "passthrough_9_of_10_s": round(statistics.median(took), 4),
        "passthrough_stored_mb": round(added / 1e6, 1),
        "passthrough_of_a_copy_s": round(time.perf_counter() - start, 4),
        "passthrough_of_a_copy_mb": round(again / 1e6, 1),
    }


def others(bench: Bench, table: pa.Table, ref: ProductRef) -> dict[str, Any]:
    polars_ref, _ = bench.put(pl.from_arrow(table))
    changed = bench.store.load(polars_ref).with_columns(pl.col("f0") * 2)
    start = time.perf_counter()
    _, added = bench.put(changed)
    took = time.perf_counter() - start
    query = "select s, sum(f0), count(*) from t group by s"

    def run(t: pa.Table) -> float:
        duck = duckdb.connect()
        duck.register("t", t)
        return median(lambda: duck.execute(query).fetchall())

    stored = bench.store.table(ref)
    one = pa.Table.from_batches(table.combine_chunks().to_batches())
    return {
        "load_polars_s": round(median(lambda: bench.store.load(polars_ref)), 4),
        "passthrough_polars_s": round(took, 4),
        "passthrough_polars_mb": round(added / 1e6, 1),
        "duckdb_on_store_over_memory": round(run(stored) / run(table), 2),
        "duckdb_on_one_batch_over_memory": round(run(one) / run(table), 2),
    }


def chain(root: Path) -> dict[str, Any]:
    found = {}
    for durability in Durability:
        number = 0
        Bench(root / f"warm-{durability}", durability).put(1)

        def forty(durability: Durability = durability) -> None:
            nonlocal number
            number += 1
            bench = Bench(root / f"chain-{durability}-{number}", durability)
            for _ in range(40):
                bench.put({"answer": 42})

        found[f"tiny_output_ms_{durability}"] = round(median(forty) / 40 * 1000, 2)
    return found


if __name__ == "__main__":
    main()

"""A SQL block over an upstream frame, and DuckDB over the same Arrow table in one process."""

from __future__ import annotations

import json
import statistics

from benchmarks.bench import SHAPES, Bench, block_seconds, forget
from benchmarks.measure import figures, median
from benchmarks.projects import Step, frames
from benchmarks.shapes import QUERY


def measure(bench: Bench) -> None:
    """Fill `results["sql"]`: rows -> seconds of the query in one process and as a block, and their ratio."""
    bench.results["sql"] = {str(rows): _compare(bench, rows) for rows in bench.rows}


def _compare(bench: Bench, rows: int) -> dict[str, object]:
    source = bench.input(rows)
    label = f"sql_{rows}"
    load = frames(label, "arrow", source, bench.scratch / "unused")[0]
    query = Step(f"{label}_query", "transformer", QUERY.format(table="{{ df_1 }}") + "\n", [load.name], "sql")
    bench.project.pipeline(label, [load, query])
    folder = str(bench.project.folder)
    bench.penstock("run", folder, label, "--json", memory=False)
    first, following, blocks, scripts, runs = [], [], [], [], []
    for _ in range(bench.repeats):
        script = bench.plain(str(SHAPES), "sql", str(source), memory=False)
        document = json.loads(script.output)
        first.append(document["first"])
        following.append(document["next"])
        scripts.append(script)
        # The upstream's output is stored; only the SQL block runs.
        sample = bench.penstock("run", folder, label, "--block-uuid", query.name, "--json", memory=False)
        blocks.append(block_seconds(sample, query.name))
        runs.append(sample)
    forget(bench.penstock_data)
    found: dict[str, object] = {
        "one process, first query": round(statistics.median(first), 4),
        "one process, following queries": round(statistics.median(following), 4),
        "block, from its start to its published output": round(statistics.median(blocks), 4),
        "ratio to the first query": round(statistics.median(blocks) / statistics.median(first), 3),
        "whole command": {
            "script, reading the Parquet file": figures(scripts),
            "penstock run --block-uuid": figures(runs),
        },
        "whole command, ratio": round(median(runs, "wall") / median(scripts, "wall"), 3),
    }
    if bench.mage and rows <= 1_000_000:
        found["mage run, loader and SQL block"] = _mage(bench, rows)
    return found


def _mage(bench: Bench, rows: int) -> dict[str, object]:
    label = f"sql_pandas_{rows}"
    load = frames(label, "pandas", bench.input(rows), bench.scratch / "unused")[0]
    query = Step(f"{label}_query", "transformer", QUERY.format(table="{{ df_1 }}") + "\n", [load.name], "sql")
    bench.project.pipeline(label, [load, query])
    folder = str(bench.project.folder)
    samples: dict[str, list] = {"penstock": [], "mage": []}
    for _ in range(bench.repeats):
        for name, go, data in (
            ("penstock", bench.penstock, bench.penstock_data),
            ("mage", bench.mage_run, bench.mage_data),
        ):
            forget(data)
            (bench.scratch / "bench.duckdb").unlink(missing_ok=True)
            samples[name].append(go("run", folder, label, memory=False))
            forget(data)
    return {name: figures(several) for name, several in samples.items()}

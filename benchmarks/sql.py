"""A SQL block over an upstream frame, and DuckDB over the same Arrow table in one process."""

from __future__ import annotations

import json
import statistics
from functools import partial

from benchmarks.bench import SHAPES, Bench, block_seconds, forget
from benchmarks.measure import Sample, alternate, figures, median
from benchmarks.projects import Step, frames
from benchmarks.shapes import QUERIES
from benchmarks.tables import SLOW_FOR_MAGE


def measure(bench: Bench) -> None:
    """Fill `results["sql"]`: one case per size and query."""
    found: list[dict[str, object]] = []
    bench.results["sql"] = found
    found.extend({"rows": rows, "query": name} | _compare(bench, rows, name) for rows in bench.rows for name in QUERIES)


def pipeline(bench: Bench, library: str, rows: int, query: str, provider: str = "") -> tuple[str, str]:
    """Write loader and SQL block; the names of the pipeline and of the SQL block."""
    label = f"sql_{library}{provider}_{rows}_{query.replace(' ', '_')}"
    load = frames(label, library, bench.input(rows), bench.scratch / "unused")[0]
    text = QUERIES[query].format(table="{{ df_1 }}") + "\n"
    block = Step(f"{label}_query", "transformer", text, [load.name], "sql", provider)
    bench.project.pipeline(label, [load, block])
    return label, block.name


def _compare(bench: Bench, rows: int, query: str) -> dict[str, object]:
    source = bench.input(rows)
    label, block = pipeline(bench, "arrow", rows, query)
    folder = str(bench.project.folder)

    def alone(memory: bool) -> Sample:
        # The upstream's output is stored already; only the SQL block runs.
        return bench.penstock("run", folder, label, "--block-uuid", block, "--json", memory=memory)

    samples = alternate(
        {
            "script": lambda memory: bench.plain(str(SHAPES), "sql", str(source), query, memory=memory),
            "pipeline": lambda memory: bench.penstock("run", folder, label, "--json", memory=memory),
            "block alone": alone,
        },
        bench.repeats,
        memory_rounds=1,
    )
    forget(bench.penstock_data)
    told = [json.loads(sample.output) for sample in samples["script"]]
    inside, connected = (statistics.median(each[name] for each in told) for name in ("seconds", "connected"))
    seconds = {name: statistics.median(block_seconds(s, block) for s in samples[name]) for name in list(samples)[1:]}
    found: dict[str, object] = {
        "runs": {name: figures(several) for name, several in samples.items()},
        "query in the script": round(inside, 4),
        "query in the script, with its connection": round(connected, 4),
        "block in the pipeline": round(seconds["pipeline"], 4),
        "block in the pipeline, ratio to the query": round(seconds["pipeline"] / inside, 3),
        "block in the pipeline, ratio to the query with its connection": round(seconds["pipeline"] / connected, 3),
        "block alone": round(seconds["block alone"], 4),
        "pipeline, ratio to the script": round(
            median(samples["pipeline"], "wall") / median(samples["script"], "wall"), 3
        ),
        "pipeline, ratio of peak memory": round(
            median(samples["pipeline"], "peak") / median(samples["script"], "peak"), 3
        ),
    }
    if bench.mage and rows <= SLOW_FOR_MAGE and query == next(iter(QUERIES)):
        found["beside mage"] = _mage(bench, rows, query)
    return found


def _mage(bench: Bench, rows: int, query: str) -> dict[str, object]:
    label, _ = pipeline(bench, "pandas", rows, query, "duckdb")
    folder = str(bench.project.folder)

    def fresh(tool: str, memory: bool) -> Sample:
        data = bench.penstock_data if tool == "penstock" else bench.mage_data
        (bench.scratch / "bench.duckdb").unlink(missing_ok=True)
        sample = (bench.penstock if tool == "penstock" else bench.mage_run)("run", folder, label, memory=memory)
        forget(data)
        return sample

    samples = alternate({tool: partial(fresh, tool) for tool in ("penstock", "mage")}, bench.repeats, memory_rounds=1)
    return {name: figures(several) for name, several in samples.items()}

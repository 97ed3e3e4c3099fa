"""Rows through loader, two transformers and a Parquet export: the plain script, Penstock with every output kept, Mage."""

from __future__ import annotations

from functools import partial

from benchmarks.bench import SHAPES, Bench, forget, stored
from benchmarks.measure import Sample, alternate, figures, median
from benchmarks.projects import frames
from benchmarks.shapes import LIBRARIES

MAGE_LIBRARY = "pandas"
SLOW_FOR_MAGE = 2_000_000


def measure(bench: Bench) -> None:
    """Fill `results["tables"]`: one case per library, size and source, with the ratios to the plain script."""
    found: list[dict[str, object]] = []
    bench.results["tables"] = found
    found.extend(
        {"library": library, "rows": rows, "source": source} | _compare(bench, library, rows, source)
        for library in LIBRARIES
        for rows in bench.rows
        for source in ("made", "read")
    )


def _compare(bench: Bench, library: str, rows: int, kind: str) -> dict[str, object]:
    source = bench.input(rows) if kind == "read" else rows
    label = f"{library}_{kind}_{rows}"
    target = bench.scratch / f"{label}.parquet"
    bench.project.pipeline(label, frames(label, library, source, target))
    folder = str(bench.project.folder)
    kept: dict[str, float] = {}
    exported: dict[str, int] = {}

    def plain(memory: bool) -> Sample:
        sample = bench.plain(str(SHAPES), "chain", library, str(source), str(target), memory=memory)
        exported["plain"] = target.stat().st_size
        target.unlink()
        return sample

    def tool(name: str, memory: bool) -> Sample:
        data = bench.penstock_data if name == "penstock" else bench.mage_data
        forget(data)
        go = bench.penstock if name == "penstock" else bench.mage_run
        sample = go("run", folder, label, memory=memory)
        kept[name] = round(stored(data), 1)
        exported[name] = target.stat().st_size
        target.unlink()
        forget(data)
        return sample

    contestants = {"plain": plain, "penstock": partial(tool, "penstock")}
    slow: frozenset[str] = frozenset()
    if bench.mage and library == MAGE_LIBRARY:
        contestants["mage"] = partial(tool, "mage")
        slow = frozenset({"mage"}) if rows > SLOW_FOR_MAGE else slow
    samples = alternate(contestants, bench.repeats, once=slow, memory_rounds=2)
    ratios = {
        name: {
            field: round(median(samples[name], field) / median(samples["plain"], field), 3)
            for field in ("wall", "cpu", "peak", "private")
        }
        for name in samples
        if name != "plain"
    }
    return {
        "runs": {name: figures(several) for name, several in samples.items()},
        "ratio to the plain script": ratios,
        "megabytes kept": kept,
        "bytes exported": exported,
    }

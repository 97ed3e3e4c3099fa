"""The table of what engines need for the same runs."""

from __future__ import annotations

from typing import Any

_SHAPES = {
    "chain40": "40 x fibo(10), one after another, s",
    "chain40 one process": "the same, all in one process, s",
    "chain40 deployed": "the same, a served deployment, s",
    "chain10": "10 x fibo(33), one after another, s over compute",
    "parallel10": "10 x fibo(33) at once, s",
    "fan": "trivial tasks of one run, s",
    "fan shared": "the same, warm processes shared, s",
    "runs": "runs of three trivial tasks asked for at once, s",
    "start": "asked for to first line, ms: median, 99th percentile",
    "memory": "at rest, MB in processes",
}


def lines(found: dict[str, Any]) -> list[str]:
    """The section as lines of Markdown."""
    head = ["", *(f"{engine} {figures.get('version', '')}".strip() for engine, figures in found.items())]
    rows = [[label, *(_cell(shape, figures) for figures in found.values())] for shape, label in _SHAPES.items()]
    table = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    table.insert(1, f"|{'---|' * len(head)}")
    return [
        "## Orchestration\n",
        "From asking a warm server over its API for a run to seeing the run ended; state survives the server. In Penstock every",
        "block has a fresh process with limits of its own, unless a row says otherwise. Where one engine ran fewer tasks or",
        "runs than another, the number is in brackets. Prefect calls its flows in the asking process, without isolation.\n",
        *table,
    ]


def _cell(shape: str, figures: dict[str, Any]) -> str:
    if "failed" in figures:
        return str(figures["failed"])
    found = figures.get(shape)
    if found is None:
        return ""
    if "failed" in found:
        return str(found["failed"])
    if shape == "start":
        return f"{found['p50']:g}, {found['p99']:g}"
    if shape == "memory":
        return f"{found['megabytes']:g} in {found['processes']}"
    seconds = found["median"] - (found["compute"] if shape == "chain10" else 0)
    count = found.get("tasks") or found.get("runs")
    return (
        f"{seconds:.3g}"
        + (f" ({count})" if count else "")
        + (f" of {found['compute']:.3g} compute" if shape == "parallel10" else "")
    )

"""Writes RESULTS.json, and RESULTS.md from it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import orchestration_report
from benchmarks.bench import Bench

LIBRARIES = ("duckdb", "numpy", "pandas", "polars", "pyarrow")

INTRODUCTION = """\
# Measured side by side

Made by `make bench`; do not edit. Every figure is the median of several runs, the contestants taking turns, after a round
that does not count. *wall* is time on the clock, *cpu* user and system time of all processes, both in seconds. *peak* is
the highest sum of the proportional set sizes (PSS) over the process tree, sampled every 50 ms in runs of their own (telling
the PSS of a process slows it down): memory that processes share counts once, mapped files included; *private* is the anonymous part of it; both in megabytes (10^6 bytes). *others* is how
many cores other processes kept busy meanwhile: where it is not near zero, cpu and ratios say more than wall.
"""


def write(folder: Path, results: dict[str, Any], bench: Bench) -> None:
    """Merge these parts into RESULTS.json and write both files.

    Args:
        folder: where the files are.
        results: part -> its figures; other parts of an earlier file stay.
        bench: says how often things ran.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "RESULTS.json"
    document = json.loads(path.read_text()) if path.exists() else {}
    for name, found in results.items():
        document[name] = {"machine": _machine(bench), "figures": found}
    path.write_text(json.dumps(document, indent=1) + "\n")
    parts = {
        "startup": _startup,
        "tables": _tables,
        "sql": _sql,
        "footprint": _footprint,
        "studio": _studio,
        "state": _state,
        "orchestration": orchestration_report.lines,
        "scheduler": _scheduler,
        "endurance": _endurance,
    }
    lines = [INTRODUCTION]
    for name, render in parts.items():
        if name in document:
            lines += render(document[name]["figures"])
            lines += ["", f"*{_where(document[name]['machine'])}*", ""]
    (folder / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n")


def _machine(bench: Bench) -> dict[str, Any]:
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = {name: importlib.metadata.version(name) for name in ("penstock", *LIBRARIES)}
    if bench.mage:
        ask = "import importlib.metadata as m; print(m.version('mage-ai'), m.version('pandas'))"
        done = subprocess.run([bench.mage / "bin" / "python", "-c", ask], capture_output=True, text=True, check=True)
        versions["mage-ai"], versions["pandas of mage"] = done.stdout.split()
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
        "runs": bench.repeats,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _where(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['date']}, {machine['cores']} cores ({machine['processor']}), {machine['memory']}, {machine['system']}, "
        f"Python {machine['python']}, {versions}; {machine['runs']} runs."
        + (f" {machine['note']}" if machine.get("note") else "")
    )


def _table(head: list[str], rows: list[list[Any]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _startup(found: dict[str, Any]) -> list[str]:
    rows = [
        [
            f"`{name}`",
            *(_seconds(run[field][kind]) for field, kind in (("wall", "median"), ("wall", "min"), ("cpu", "median"))),
            run["others"]["median"],
        ]
        for name, run in found["runs"].items()
    ]
    more = [[name, *values.values()] for name, values in found["milliseconds a block over the first"].items()]
    return [
        "## Starting\n",
        "Trivial blocks, each in a process of its own, in sequence; every output kept, every state change recorded.\n",
        *_table(["command", "wall", "min", "cpu", "others"], rows),
        "",
        f"One block takes {found['one block over python -c pass, seconds']} s more than `python -c pass`.\n",
        *_table(["each further block, ms", "median wall", "fastest wall", "cpu"], more),
        "",
        "A chain of 4,000 blocks is not run: the cost of a block does not depend on how many came before it, as the step",
        "from 40 to 400 shows.",
    ]


def _tables(found: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Rows through a pipeline\n",
        "Ten mixed columns made up in the loader or read from Parquet by it, one column added, rows filtered and a second",
        "column added, written as Parquet. The plain script does it in one process and keeps nothing but the last file;",
        "Penstock runs each step in a process of its own and keeps every output. Both import the same functions.\n",
    ]
    rows = []
    for case in found:
        for name, run in case["runs"].items():
            ratio = case["ratio to the plain script"].get(name, {})
            rows.append(
                [
                    case["library"],
                    f"{case['rows']:,}",
                    case["source"],
                    name,
                    *(_seconds(run[field]["median"]) for field in ("wall", "cpu")),
                    *(round(run[field]["median"]) for field in ("peak", "private")),
                    *(ratio.get(field, "") for field in ("wall", "cpu", "peak")),
                    case["megabytes kept"].get(name, ""),
                    run["others"]["median"],
                ]
            )
    head = ["library", "rows", "source", "who", "wall", "cpu", "peak", "private"]
    lines += _table([*head, "× wall", "× cpu", "× peak", "MB kept", "others"], rows)
    return [
        *lines,
        "",
        "A hundred million rows are not run here: they need ten times the memory of this table in the plain script as well.",
        "Reading, writing and copying are linear in the rows, so the ratios of the largest size stand for it as long as the",
        "frames fit into memory; Penstock's inputs are mapped files, which the system may drop from memory and read again.",
    ]


def _sql(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        [
            f"{case['rows']:,}",
            case["query"],
            _seconds(case["query in the script"]),
            _seconds(case["block in the pipeline"]),
            case["block in the pipeline, ratio to the query"],
            _seconds(case["query in the script, with its connection"]),
            case["block in the pipeline, ratio to the query with its connection"],
            _seconds(case["block alone"]),
            *(_seconds(case["runs"][name]["wall"]["median"]) for name in ("script", "pipeline", "block alone")),
            case["pipeline, ratio to the script"],
            case["pipeline, ratio of peak memory"],
            case["runs"]["pipeline"]["others"]["median"],
        ]
        for case in found
    ]
    head = ["rows", "query", "query in the script", "SQL block in the pipeline", "×"]
    head += ["the query with its connection", "×", "SQL block alone"]
    head += ["whole script", "whole pipeline", "whole run of the block alone", "× whole", "× peak", "others"]
    lines = [
        "## SQL over an upstream frame\n",
        "The script reads the Parquet file into an Arrow table and asks DuckDB, in one process. The pipeline does it in a",
        "loader and a SQL block, and keeps both outputs. *SQL block* is from its order to its published output, the way to",
        "the database and the table included; the script's query is given without opening DuckDB and showing it the table,",
        "and with that; *alone* is `penstock run --block-uuid` on the stored output of the loader, imports included.\n",
        *_table(head, rows),
    ]
    for case in found:
        if both := case.get("beside mage"):
            cells = [
                [name, *(_seconds(run[field]["median"]) for field in ("wall", "cpu")), round(run["peak"]["median"])]
                for name, run in both.items()
            ]
            lines += ["", f"Loader (pandas) and SQL block ({case['query']}) on a DuckDB file, {case['rows']:,} rows:\n"]
            lines += _table(["who", "wall", "cpu", "peak"], cells)
    return lines


def _footprint(found: dict[str, Any]) -> list[str]:
    return [
        "## Installation\n",
        "`pip install .` into an empty environment, pip itself not counted; megabytes on disk, without compiled modules where",
        "nothing is said. Nearly all of it is pyarrow, duckdb, numpy and pandas.\n",
        *_table(["", ""], [[name, value] for name, value in found.items()]),
    ]


def _state(found: dict[str, Any]) -> list[str]:
    return [
        "## State store\n",
        f"SQLite with {found['runs']:,} runs of 500 pipelines and {found['triggers']:,} active triggers. A *page* is 50 runs of the",
        f"list: first, second and third pages, {found['pages']:,} in all, with every order and every combination of up to three",
        "filters, those that find nothing among them.\n",
        *_table(
            ["", ""], [[name, value] for name, value in found.items() if name not in {"runs", "triggers", "pages"}]
        ),
    ]


def _scheduler(found: dict[str, Any]) -> list[str]:
    return [
        "## Schedules\n",
        f"A project of {found['pipelines']:,} pipelines, each due once a day, spread over its minutes; on SQLite. A *tick* is what a turn",
        "of the scheduler does about its clock, in processor time. At rest nothing is due and nobody looks.\n",
        *_table(["", ""], [[name, value] for name, value in found.items() if name != "pipelines"]),
    ]


def _endurance(found: list[dict[str, Any]]) -> list[str]:
    return [
        "## A hundred thousand runs\n",
        "One server drives runs of one trivial block, each in a process of its own, asked for over the API a hundred at a",
        "time and watched to their end; memory (PSS, megabytes) of the server and of all its processes after so many.\n",
        *_table(
            ["runs", "server, MB", "all processes, MB", "open files", "threads", "runs a second"],
            [
                [f"{one['runs']:,}", *(one[key] for key in ("server", "all", "files", "threads", "rate"))]
                for one in found
            ],
        ),
    ]


def _studio(found: dict[str, Any]) -> list[str]:
    start, lists, pages, browser = (
        found[key] for key in ("start and rest", "list of 1,000 pipelines", "pages", "browser")
    )
    measures = list(start["penstock"])
    lines = [
        "## Studio\n",
        "From the start of `penstock start` to its first answer and its first page, seconds, without the very first start;",
        "memory (PSS) and CPU of all its processes at rest, nobody looking.\n",
        *_table(["who", *measures], [[who, *(_figure(row[key]) for key in measures)] for who, row in start.items()]),
        "\nThe list of 1,000 pipelines over HTTP, milliseconds:\n",
        *_table(list(lists), [[_figure(value) for value in lists.values()]]),
        f"\nPages of 200 rows of a stored table of {pages['rows']:,} rows over HTTP, milliseconds. The *first* is asked of a",
        "server that nobody has looked at: as it starts, five seconds later, and a second after a page was opened.\n",
        *_table(["page", "ms"], [[key, _figure(value)] for key, value in pages.items() if key != "rows"]),
    ]
    if browser:
        keys = list(dict.fromkeys(key for row in browser.values() for key in row))
        lines += [
            "\nIn headless Chromium without a graphics card: from Ctrl+Enter on a block of one line to its output painted,",
            "what the first view transfers with an empty cache, and the CPU of the page's main thread.\n",
            *_table(
                ["", *browser],
                [[key, *(_figure(row[key]) if key in row else "" for row in browser.values())] for key in keys],
            ),
        ]
    return lines


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

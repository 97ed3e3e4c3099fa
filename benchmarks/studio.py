"""The studio: start, rest, lists, pages of ten million rows, and what a browser sees; Mage beside it where it can be."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect

from benchmarks.bench import Bench
from benchmarks.projects import Project, python
from benchmarks.servers import Mage, Running, Studio

REST_SECONDS = 30.0
PIPELINES = 1000
PAGE = 200


def measure(bench: Bench) -> None:
    """Fill `results["studio"]`."""
    found: dict[str, Any] = {}
    bench.results["studio"] = found
    _trivial(bench)
    found["start and rest"] = {"penstock": _start(bench, "penstock")}
    if bench.mage:
        found["start and rest"]["mage"] = _start(bench, "mage")
    found["list of 1,000 pipelines"] = _lists(bench)
    found["pages"] = _pages(bench)
    from benchmarks import browser

    found["browser"] = browser.measure(bench)


def _trivial(bench: Bench) -> Path:
    project = Project(bench.scratch / "studio")
    project.pipeline("one", [python("one_block", "data_loader", "return 1")])
    return project.folder


def _server(bench: Bench, who: str, project: Path, name: str) -> Running:
    home = bench.scratch / f"{who}-{name}"
    if who == "mage":
        assert bench.mage
        return Mage(bench.mage, project, home)
    return Studio(project, home)


def _start(bench: Bench, who: str) -> dict[str, float]:
    """Seconds to the first answer and the first page; memory and CPU at rest."""
    api = "/api/statuses" if who == "mage" else "/api/session"
    project = bench.scratch / "studio"
    answers: list[float] = []
    pages: list[float] = []
    for turn in range(bench.repeats + 1):
        server = _server(bench, who, project, "start")
        try:
            answer, page = server.until_answered(api), server.until_answered("/")
            if turn:  # the first one makes databases and compiled modules
                answers.append(answer)
                pages.append(page)
            if turn == bench.repeats:
                time.sleep(15)
                before = server.cpu()
                time.sleep(REST_SECONDS)
                cpu, memory, processes = server.cpu() - before, server.memory(), len(server.tree())
        finally:
            server.stop()
    return {
        "first answer": statistics.median(answers),
        "page": statistics.median(pages),
        "memory at rest, MB": memory,
        "processes": processes,
        "CPU at rest, % of a core": 100 * cpu / REST_SECONDS,
    }


def _lists(bench: Bench) -> dict[str, Any]:
    """Milliseconds to list a thousand pipelines, as the page asks for them and, in Mage, all of them."""
    project = Project(bench.scratch / "thousand")
    for number in range(PIPELINES):
        project.pipeline(f"pipeline_{number:04}", [python(f"block_{number}", "data_loader", "return 1")])
    found: dict[str, Any] = {}
    studio = Studio(project.folder, bench.scratch / "penstock-thousand")
    try:
        client = studio.client()
        reply = client.get("/api/pipelines")
        assert len(reply.json()["pipelines"]) == PIPELINES
        found["penstock, ms"] = _milliseconds(lambda: client.get("/api/pipelines").raise_for_status(), 15)
        found["penstock, kB"] = len(reply.content) / 1e3
    finally:
        studio.stop()
    if bench.mage:
        mage = Mage(bench.mage, project.folder, bench.scratch / "mage-thousand")
        try:
            mage.until_answered("/api/statuses")
            mage.get("/api/pipelines")
            found["mage, ms"] = _milliseconds(lambda: mage.get("/api/pipelines"), 15)
        finally:
            mage.stop()
    return found


def _milliseconds(call: Any, times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


LOADER = """    import numpy as np
    import pyarrow as pa
    rows = {rows}
    random = np.random.default_rng(7)
    return pa.table({{
        "id": np.arange(rows), "a": random.integers(0, 1000, rows), "x": random.random(rows), "y": random.random(rows),
        "name": pa.array([f"name {{n}}" for n in range(1000)]).take(pa.array(random.integers(0, 1000, rows))),
    }})
"""


def _pages(bench: Bench) -> dict[str, Any]:
    """Milliseconds for pages of the largest table over HTTP, beside a slice of the same Arrow file in one process."""
    rows = max(bench.rows)
    project = Project(bench.scratch / "pages")
    project.pipeline("large", [python("rows", "data_loader", LOADER.format(rows=rows).strip())])
    studio = Studio(project.folder, bench.scratch / "penstock-pages")
    try:
        client = studio.client()
        run = client.post("/api/pipelines/large/runs", json={}).json()["run"]["run"]
        while client.get(f"/api/runs/{run}").json()["state"] == "running":
            time.sleep(0.2)
        studio.stop()
        # A server that starts just now: the process that reads outputs is not there yet.
        studio = Studio(project.folder, bench.scratch / "penstock-pages")
        client = studio.client()
        path = "/api/products/large/rows/page"

        def page(**body: Any) -> float:
            start = time.perf_counter()
            reply = client.post(path, json={"limit": PAGE, **body})
            reply.raise_for_status()
            return 1000 * (time.perf_counter() - start)

        by_x = {"sort": [{"column": "x", "descending": True}]}
        few = {"filters": [{"column": "a", "op": "=", "value": 500}]}
        found = {"rows": rows, "first, as the server starts": page(offset=0)}
        client.close()
        studio.stop()
        studio = Studio(project.folder, bench.scratch / "penstock-pages")
        client = studio.client()
        time.sleep(5)  # a server that has been up for a moment, and that nobody has looked at
        found["first, no page open before"] = page(offset=0)
        client.close()
        studio.stop()
        studio = Studio(project.folder, bench.scratch / "penstock-pages")
        client = studio.client()
        with connect(f"ws{studio.url[4:]}/api/live", origin=studio.url, additional_headers=cookies(client)) as live:
            live.recv()
            time.sleep(1)  # as long as it takes a person to choose a block
            found["first, with a page open"] = page(offset=0)
        found["any later page"] = statistics.median(page(offset=rows * part // 20) for part in range(20))
        found["last page"] = page(offset=rows - PAGE)
        found["sorted by a number, first"] = page(offset=0, **by_x)
        found["sorted, any later page"] = statistics.median(
            page(offset=rows * part // 20, **by_x) for part in range(20)
        )
        found["filtered, first"] = page(offset=0, **few)
        found["filtered, later page"] = page(offset=PAGE, **few)
        client.close()
    finally:
        studio.stop()
    found["floor: slice in one process"] = _floor(bench)
    return found


def cookies(client: httpx.Client) -> dict[str, str]:
    """The header with a client's cookies."""
    return {"Cookie": "; ".join(f"{one.name}={one.value}" for one in client.cookies.jar)}


def _floor(bench: Bench) -> float:
    """Milliseconds to open the stored table and make an Arrow stream of a page in this process, libraries loaded."""
    import io

    import pyarrow as pa

    from penstock.data import ProductStore
    from penstock.model.product import Address

    root = next((bench.scratch / "penstock-pages" / "data").rglob("products"))
    store = ProductStore(root, worker=True)
    taken = []
    for turn in range(20):
        start = time.perf_counter()
        manifest = store.latest(Address("large", "rows"))
        assert manifest
        table = store.table(manifest.ref)
        part = table.slice(turn * table.num_rows // 20, PAGE).combine_chunks()
        with pa.ipc.new_stream(io.BytesIO(), part.schema) as stream:
            stream.write_table(part)
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)

"""Charts that are drawn by code: a run of that one block, in a worker, over the newest outputs of its upstreams.

It goes through the same run loop as every block, but is no run of the pipeline: nothing is recorded or announced. What
it draws is stored like an output, so that opening the page again shows it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from penstock.config import environment
from penstock.config.decoding import from_plain
from penstock.engine.loop import RunHandle
from penstock.engine.plan import Place, RunOptions, RunPlan, new_run_id
from penstock.model import events
from penstock.model.block import Block, BlockType
from penstock.model.errors import BlockNotFoundError, ChartFailedError, InterruptedRunError, UnsupportedError
from penstock.project import Project
from penstock.server.bench import Bench
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.reader.questions import RawQuestion, Target
from penstock.server.runs.pump import Pump
from penstock.server.schema.charts import DrawnChart, Points

SECONDS = 300.0
"""How long a chart may take, when its block does not say."""


class ChartRuns:
    """Draws charts by code.

    Args:
        bench: runs them.
        pump: turns the run loop.
        project: the project as it is now.
        reader: reads what they have drawn.
    """

    def __init__(self, bench: Bench, pump: Pump, project: Callable[[], Project], reader: ReaderClient) -> None:
        self._bench = bench
        self._pump = pump
        self._project = project
        self._reader = reader

    async def draw(self, pipeline: str, chart: str) -> DrawnChart:
        """Draw a chart.

        Raises:
            BlockNotFoundError: the pipeline has no such chart.
            UnsupportedError: it has no code.
            ChartFailedError: its code failed.
            ProductMissingError: an upstream has no stored output.
        """
        plan = await asyncio.to_thread(self._plan, pipeline, chart)
        version = await self._run(plan, chart)
        target = Target(pipeline=pipeline, block=chart, version=version)
        _, content = await self._reader.ask(RawQuestion(target=target))
        drawn: dict[str, Any] = msgspec.json.decode(content)
        if "mime" in drawn:
            return DrawnChart(version, mime=drawn["mime"])
        return DrawnChart(version, points=from_plain(drawn, Points))

    def _plan(self, pipeline: str, chart: str) -> RunPlan:
        project = self._project()
        loaded = project.pipeline(pipeline)
        block = next((widget for widget in loaded.widgets if widget.uuid == chart), None)
        if block is None:
            raise BlockNotFoundError(
                f"drawing chart {chart[:100]}: pipeline {pipeline} has no chart of that name", hint="Reload the page."
            )
        if block.type is not BlockType.CHART:
            raise UnsupportedError(f"drawing {chart}: it is a {block.type.value}, not a chart", hint="")
        loaded = replace(loaded, blocks=(*loaded.blocks, _limited(block)), run_in_one_process=False)
        now = datetime.now(UTC)
        place = Place(str(project.root), project.name, str(self._bench.store.root))
        options = RunOptions(
            run_tests=False,
            allow_pickle=environment.flag("PENSTOCK_ALLOW_PICKLE"),
            origin="studio",
            words=f"chart {chart}",
        )
        return RunPlan(new_run_id(now, secrets.token_hex(3)), place, loaded, {chart: block.upstream}, options, now)

    async def _run(self, plan: RunPlan, chart: str) -> str:
        """Run it to its end; the version that it published."""
        ended: asyncio.Future[events.BlockEnded | None] = asyncio.get_running_loop().create_future()
        last: list[events.BlockEnded] = []

        def note(event: events.Event) -> None:
            if isinstance(event, events.BlockEnded):
                last.append(event)

        def over(handle: RunHandle) -> None:
            del handle
            if not ended.done():
                ended.set_result(last[-1] if last else None)

        handle = self._bench.loop.start(plan, note, on_end=over)
        self._pump.kick()
        try:
            event = await asyncio.shield(ended)
        except asyncio.CancelledError:
            self._bench.loop.cancel(handle)
            self._pump.kick()
            raise
        if event is None:
            raise InterruptedRunError(f"drawing chart {chart}: it was interrupted", hint="Draw it again.")
        if event.failure is not None:
            failure = event.failure
            raise ChartFailedError(
                failure.message, hint=failure.hint, details={"failure": msgspec.to_builtins(failure)}
            )
        if event.ref is None:
            raise InterruptedRunError(f"drawing chart {chart}: it was interrupted", hint="Draw it again.")
        return event.ref.version


def _limited(block: Block) -> Block:
    """The chart with a limit on its time, and without attempts beyond the first."""
    return replace(block, timeout=block.timeout or SECONDS, retry_config={"retries": 0})

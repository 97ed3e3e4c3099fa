"""Memory and processor time of blocks while they run, for whoever looks at their run.

Nothing is measured unless a run is under way and somebody listens to it: then each few seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from penstock.model.messages import WorkOrder
from penstock.server.hub import Hub

EVERY = 3.0
"""Seconds between two measurements."""

Processes = Callable[[], list[tuple[int | None, WorkOrder]]]
"""The orders that are worked on now, with the process, None as long as it is only coming; called on the event loop."""


class UsageTeller:
    """Tells `block_usage` events to the topics of runs. On the event loop only.

    Args:
        hub: where they are told; it is heard for runs that begin.
        sources: what names the processes.
        every: seconds between two measurements.
    """

    def __init__(self, hub: Hub, sources: Iterable[Processes], every: float = EVERY) -> None:
        self._hub = hub
        self._sources = tuple(sources)
        self._every = every
        self._task: asyncio.Task[None] | None = None
        hub.hear(self.hear)

    def hear(self, topics: Iterable[str], event: Any) -> None:
        """Begin to measure when a block has begun."""
        del topics
        if isinstance(event, dict) and event.get("type") == "block_started" and self._task is None:
            with suppress(RuntimeError):  # told before the event loop runs
                self._task = asyncio.get_running_loop().create_task(self._go())

    async def close(self) -> None:
        """Measure no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def start(self) -> None:
        """Nothing: it begins with the first block."""

    async def _go(self) -> None:
        try:
            while orders := await self._next():
                heard = [(pid, order) for pid, order in orders if pid and self._hub.listened_to(f"run:{order.run}")]
                if heard:
                    self._tell(await asyncio.to_thread(_measured, heard))
        finally:
            self._task = None

    async def _next(self) -> list[tuple[int | None, WorkOrder]]:
        await asyncio.sleep(self._every)
        return [found for source in self._sources for found in source()]

    def _tell(self, measured: dict[str, dict[str, dict[str, float]]]) -> None:
        for run, blocks in measured.items():
            self._hub.publish(f"run:{run}", {"type": "block_usage", "run": run, "blocks": blocks}, calm=True)


def _measured(orders: list[tuple[int, WorkOrder]]) -> dict[str, dict[str, dict[str, float]]]:
    """By run and block: `memory` in bytes, `cpu` in seconds, of the process that runs it."""
    import psutil

    found: dict[str, dict[str, dict[str, float]]] = {}
    for pid, order in orders:
        with suppress(psutil.Error):  # it has ended meanwhile
            process = psutil.Process(pid)
            times = process.cpu_times()
            used = {"memory": process.memory_info().rss, "cpu": round(times.user + times.system, 2)}
            found.setdefault(order.run, {})[order.block.uuid] = used
    return found

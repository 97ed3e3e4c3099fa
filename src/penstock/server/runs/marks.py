"""Keeps the stale marks of the pipelines that somebody looks at up to date, off the way of every run.

Woken by what the hub publishes: a file, a pipeline or a variable has changed, a block has ended. Looking happens in a
thread; only what has become different is told.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from penstock.model.errors import PenstockError
from penstock.server.hub import Hub

SETTLE_SECONDS = 0.05
"""Changes that come together (a pull, a save of several files) are looked at together."""

_KEPT = 200


class Marks:
    """The stale marks that were told last, per pipeline.

    Args:
        hub: where changes are told, and heard of.
        reasons: looks at a pipeline; block -> why it is stale. Called in a thread.
    """

    def __init__(self, hub: Hub, reasons: Callable[[str], dict[str, str]]) -> None:
        self._hub = hub
        self._reasons = reasons
        self._told: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._due: dict[str, asyncio.TimerHandle] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    async def start(self) -> None:
        """Begin to listen."""
        self._hub.hear(self._heard)

    async def close(self) -> None:
        """Stop."""
        for timer in self._due.values():
            timer.cancel()
        self._due.clear()
        await asyncio.gather(*self._looking.values(), return_exceptions=True)

    def known(self, pipeline: str, reasons: dict[str, str]) -> None:
        """A page has been given these marks."""
        self._told[pipeline] = reasons
        self._told.move_to_end(pipeline)
        while len(self._told) > _KEPT:
            self._told.popitem(last=False)

    def look(self, pipeline: str) -> None:
        """Look at a pipeline soon, if somebody looks at its page."""
        if pipeline in self._told and pipeline not in self._due and self._hub.listened_to(f"pipeline:{pipeline}"):
            loop = asyncio.get_running_loop()
            self._due[pipeline] = loop.call_later(SETTLE_SECONDS, self._begin, pipeline)

    def _heard(self, topics: Iterable[str], event: Any) -> None:
        kind = event.get("type") if isinstance(event, dict) else None
        if kind == "files_changed":
            for pipeline in list(self._told):
                self.look(pipeline)
        elif kind in {"pipeline_changed", "content_changed", "block_ended"}:
            for topic in topics:
                if topic.startswith("pipeline:"):
                    self.look(topic.removeprefix("pipeline:"))

    def _begin(self, pipeline: str) -> None:
        self._due.pop(pipeline, None)
        if pipeline in self._looking:
            self._again.add(pipeline)
            return
        task = asyncio.get_running_loop().create_task(self._look(pipeline))
        self._looking[pipeline] = task
        task.add_done_callback(lambda _: self._done(pipeline))

    def _done(self, pipeline: str) -> None:
        self._looking.pop(pipeline, None)
        if pipeline in self._again:
            self._again.discard(pipeline)
            self.look(pipeline)

    async def _look(self, pipeline: str) -> None:
        try:
            now = await asyncio.to_thread(self._reasons, pipeline)
        except PenstockError:
            return  # the pipeline has gone or cannot be read; its page says so
        before = self._told.get(pipeline, {})
        changed = {
            block: now.get(block, "") for block in {*before, *now} if before.get(block, "") != now.get(block, "")
        }
        self.known(pipeline, now)
        if changed:
            self._hub.publish(f"pipeline:{pipeline}", {"type": "stale_changed", "blocks": changed})

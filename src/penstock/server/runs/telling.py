"""Tells what one run does to the browsers, and keeps how its blocks stand while it goes on.

What a block prints is gathered for a moment and bounded: beyond a rate only the number of lines is told, and the last
ones when the block ends. All of it is in the log files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import msgspec

from penstock.model import events
from penstock.model.errors import headline
from penstock.model.expand import base_of
from penstock.model.product import OutputSummary
from penstock.model.run import DONE, BlockState
from penstock.observe.archive import RunHead
from penstock.server.hub import Hub
from penstock.server.runs.summaries import shown_outputs, shown_state, summary_of, what_changed
from penstock.server.schema.runs import BlockStatus, CallbackFailure, NextAttempt, RunSummary

RATE = 200_000
"""Characters a second of one block's output that go to the browsers, and as many at once."""

QUEUED_SHOWN = 500
"""Children of one block that are told when they are queued; of more, each is told when it starts."""

GATHER_SECONDS = 0.03
GATHER_CHARACTERS = 16_000
TAIL = 4_000


class Printing:
    """The output of one block on its way to the browsers.

    Args:
        tell: takes the items and the number of lines that were left out before them.
        clock: monotonic seconds.
    """

    def __init__(self, tell: Callable[[list[dict[str, Any]], int], None], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._clock = clock
        self._items: list[dict[str, Any]] = []
        self._size = 0
        self._room = float(RATE)
        self._at = clock()
        self._dropped = 0
        self._tail = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, item: dict[str, Any]) -> None:
        """Take text that ends with its line; `item` is told with it."""
        now = self._clock()
        self._room = min(float(RATE), self._room + (now - self._at) * RATE)
        self._at = now
        text = item["text"]
        if len(text) > self._room:
            fitting = text.rfind("\n", 0, int(self._room)) + 1
            self._leave_out(text[fitting:])
            text = text[:fitting]
        if not text:
            return
        self._room -= len(text)
        self._size += len(text)
        self._items.append({**item, "text": text})
        if self._size >= GATHER_CHARACTERS or self._dropped:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.flush)

    def _leave_out(self, text: str) -> None:
        self._dropped += text.count("\n")
        self._tail = (self._tail + text[-TAIL:])[-TAIL:]

    def flush(self) -> None:
        """Tell what has been gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        items, self._items, self._size = self._items, [], 0
        if items:
            dropped, self._dropped, self._tail = self._dropped, 0, ""
            self._tell(items, dropped)

    def finish(self, at: float) -> None:
        """Tell the rest, and the end of what was left out."""
        tail = self._tail[self._tail.find("\n") + 1 :] if len(self._tail) >= TAIL else self._tail
        if tail:
            self._dropped -= tail.count("\n")
            self._items.append({"stream": "stdout", "text": tail, "at": at})
        self.flush()


class LiveRun:
    """A run under way: a sink of its events. On the event loop only.

    Args:
        hub: where events go.
        head: the run as it begins.
        heard: called with each event after it was told.
    """

    def __init__(self, hub: Hub, head: RunHead, heard: Callable[[LiveRun, events.Event], None]) -> None:
        self.head = head
        self.pipeline = head.pipeline
        self.run = head.run
        self.statuses: dict[str, BlockStatus] = {}
        self.previous: dict[str, tuple[str, tuple[OutputSummary, ...]]] = {}
        self.interrupting = False
        self._hub = hub
        self._heard = heard
        self._printing: dict[str, Printing] = {}
        self._topics = [f"pipeline:{head.pipeline}", f"run:{head.run}"]
        self._parents: dict[str, str] = {}
        self._grown: dict[str, int] = {}
        self._by_kind: dict[type, Callable[[Any], None]] = {
            events.RunStarted: self._run_started,
            events.BlockRetrying: self._retrying,
            events.CallbackFailed: self._callback_failed,
            events.BlockEnded: self._block_ended,
            events.RunEnded: self._run_ended,
        }

    @property
    def summary(self) -> RunSummary:
        """The run in one line, as it stands."""
        return summary_of(self.head)

    def __call__(self, event: events.Event) -> None:
        """Tell one event. What children do is told to those who look at the run, not to the page of its pipeline."""
        match event:
            case events.BlockPrinted(block=block, stream=stream, text=text, at=at):
                self._print(block, {"stream": stream, "text": text, "at": at})
            case events.BlockLogged(block=block, level=level, text=text, at=at):
                self._print(block, {"stream": "log", "level": level, "text": f"{text}\n", "at": at})
            case events.BlockStarted(block=block, attempt=attempt, at=at):
                self._put(block, state="running", started=at, attempts=attempt)
                self._tell({"type": "block_started", "run": self.run, "block": block, "attempt": attempt, "at": at})
            case events.BlockExpanded() | events.BlockGrew():
                self._fanned_out(event)
            case events.BlockWaiting(block=block, due=due, at=at):
                self._put(block, state="queued")
                waits = NextAttempt(at, due)
                self._tell({"type": "block_queued", "run": self.run, "block": block, "waits": waits})
            case _:
                self._by_kind[type(event)](event)
        self._heard(self, event)

    def tell_interrupting(self, blocks: Iterable[str]) -> None:
        """Say that these blocks have been asked to end, before they have."""
        for block in blocks:
            self._put(block, interrupting=True)
            self._tell({"type": "block_interrupting", "run": self.run, "block": block, "at": time.time()})

    def under_way(self) -> list[str]:
        """The blocks that are being run."""
        return [block for block, status in self.statuses.items() if status.state == "running"]

    def _tell(self, event: dict[str, Any], *, project: bool = False) -> None:
        topics = self._topics[1:] if event.get("block") in self._parents else self._topics
        self._hub.publish([*topics, "project"] if project else topics, event, calm=topics is not self._topics)

    def _fanned_out(self, event: events.BlockExpanded | events.BlockGrew) -> None:
        block = event.block
        if isinstance(event, events.BlockExpanded):
            self._put(block, state="running", started=event.at, attempts=1)
            self._tell({"type": "block_started", "run": self.run, "block": block, "attempt": 1, "at": event.at})
        many = self._grown[block] = self._grown.get(block, 0) + len(event.children)
        for child in event.children:
            self._parents[child] = block
            self.statuses[child] = BlockStatus(state="queued", run=self.run)
            if many <= QUEUED_SHOWN:
                self._tell({"type": "block_queued", "run": self.run, "block": child})

    def _put(self, block: str, **fields: Any) -> None:
        self.statuses[block] = msgspec.structs.replace(self._known(block), **fields)

    def _known(self, block: str) -> BlockStatus:
        """How a block stands, or a child: one that another process has made may be told before its block fans out."""
        if block not in self.statuses:
            self._parents[block] = base_of(block)
            self.statuses[block] = BlockStatus(state="queued", run=self.run)
        return self.statuses[block]

    def _print(self, block: str, item: dict[str, Any]) -> None:
        printing = self._printing.get(block)
        if printing is None:
            printing = self._printing[block] = Printing(lambda items, n: self._output(block, items, n), time.monotonic)
        printing.add(item)

    def _output(self, block: str, items: list[dict[str, Any]], dropped: int) -> None:
        event: dict[str, Any] = {"type": "block_output", "run": self.run, "block": block, "items": items}
        if dropped > 0:
            event["dropped"] = dropped
        parent = self._parents.get(block)
        if parent is None:
            self._hub.publish(self._topics, event, calm=True)
        else:
            self._hub.publish(self._topics[1:], event, calm=True)
            self._hub.publish(self._topics[:1], {**event, "block": parent}, calm=True)

    def _run_started(self, event: events.RunStarted) -> None:
        self.statuses = {block: BlockStatus(state="queued", run=self.run) for block in event.blocks}
        self._tell({"type": "run_started", "run": self.summary, "blocks": list(event.blocks)}, project=True)
        for block in event.blocks:
            self._tell({"type": "block_queued", "run": self.run, "block": block})

    def _callback_failed(self, event: events.CallbackFailed) -> None:
        told = CallbackFailure(event.callback, event.after, event.failure)
        every = (*self._known(event.block).callback_failures, told)
        self._put(event.block, callback_failures=every)
        failures = {"run": self.run, "block": event.block, "callback_failures": every, "at": event.at}
        self._tell({"type": "callback_failed", **failures})

    def _retrying(self, event: events.BlockRetrying) -> None:
        self._put(event.block, state="queued", failure=event.failure)
        fields = {"attempt": event.attempt, "wait": event.wait, "failure": event.failure, "at": event.at}
        self._tell({"type": "block_retrying", "run": self.run, "block": event.block, **fields})

    def _block_ended(self, event: events.BlockEnded) -> None:
        if (printing := self._printing.pop(event.block, None)) is not None:
            printing.finish(event.at)
        known, before = self._known(event.block), self.previous.get(event.block)
        version = event.ref.version if event.ref is not None else None
        fresh = before is not None and version == before[0]
        outputs = event.outputs if version is not None or before is None else before[1]
        status = BlockStatus(
            state=shown_state(event.state, event.failure.kind if event.failure else None),
            run=self.run,
            started=known.started,
            seconds=event.seconds if event.attempts else None,
            attempts=event.attempts,
            version=version or (before[0] if before is not None else None),
            outputs=shown_outputs(outputs),
            failure=event.failure,
            tests=event.tests,
            changed=what_changed(before[1], outputs) if before is not None and version and not fresh else (),
            callback_failures=known.callback_failures,
        )
        self.statuses[event.block] = status
        self._count(event)
        self._tell({"type": "block_ended", "run": self.run, "block": event.block, "at": event.at, "status": status})
        if event.ref is not None and event.state is BlockState.COMPLETED:
            told = {"pipeline": self.pipeline, "block": event.block, "version": event.ref.version}
            self._hub.publish("project", {"type": "product_published", **told})

    def _count(self, event: events.BlockEnded) -> None:
        head = self.head
        if event.block in self._parents:
            return
        if event.state in DONE:
            self.head = replace(head, done=head.done + 1)
        elif event.state is BlockState.FAILED and head.failed_block is None and event.failure is not None:
            error = headline(event.failure.kind, event.failure.message)
            self.head = replace(head, failed_block=event.block, error=error)

    def _run_ended(self, event: events.RunEnded) -> None:
        self.head = replace(
            self.head,
            state=event.state.value,
            ended=event.at,
            done=event.done,
            failed_block=event.failed_block,
            error=event.error,
        )
        self._tell({"type": "run_ended", "run": self.summary}, project=True)

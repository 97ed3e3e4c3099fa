"""The scratchpads of a project, and all processes that run user code. On the event loop, unless said otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from penstock.engine.plan import Place, session_order
from penstock.model.block import BlockType
from penstock.model.errors import BlockNotFoundError, UnsupportedError
from penstock.model.messages import Answer, Ask, WorkOrder
from penstock.project import Project
from penstock.server.bench import Bench
from penstock.server.hub import Hub
from penstock.server.runs.pump import Pump
from penstock.server.schema.scratchpads import Completions, ProcessDetail, ScratchpadState, Variables
from penstock.server.scratchpads.session import ScratchSession


class Scratchpads:
    """All sessions.

    Args:
        bench: starts their processes.
        hub: where they are told.
        pump: turns the supervisor.
        project: gives the project as it is now.
    """

    def __init__(self, bench: Bench, hub: Hub, pump: Pump, project: Callable[[], Project]) -> None:
        self._bench = bench
        self._hub = hub
        self._pump = pump
        self._project = project
        self._sessions: dict[tuple[str, str], ScratchSession] = {}

    async def run(self, pipeline: str, block: str, code: str, cell: str) -> str:
        """Run code in a scratchpad, whose session is started when there is none; the name of the execution.

        Raises:
            BlockNotFoundError: the pipeline has no such block.
            UnsupportedError: the block is no scratchpad of Python.
        """
        session = self._sessions.get((pipeline, block))
        if session is None or not session.alive:
            order = await asyncio.to_thread(self._order, pipeline, block)
            session = self._sessions.get((pipeline, block))
            if session is None:
                session = self._sessions[pipeline, block] = self._new(pipeline, block)
            if not session.alive:
                session.start(order)
        execution = session.run(code, cell)
        self._pump.kick()
        return execution

    def interrupt(self, pipeline: str, block: str) -> bool:
        """Interrupt what a scratchpad runs; whether it ran anything."""
        session = self._sessions.get((pipeline, block))
        interrupted = session is not None and session.interrupt()
        self._pump.kick()
        return interrupted

    def restart(self, pipeline: str, block: str) -> None:
        """Throw away what a scratchpad holds; the next execution starts with an empty namespace."""
        if (session := self._sessions.get((pipeline, block))) is not None:
            session.end()
            self._pump.kick()

    async def variables(self, pipeline: str, block: str) -> Variables:
        """What a scratchpad's namespace holds; nothing without a session. Raises as `ScratchSession.ask`."""
        session = self._sessions.get((pipeline, block))
        return Variables((await session.ask()).variables if session is not None else ())

    async def complete(self, pipeline: str, block: str, code: str, cursor: int) -> Completions:
        """Words that complete the text before the cursor. Raises as `ScratchSession.ask`."""
        session = self._sessions.get((pipeline, block))
        if session is None:
            return Completions((), cursor)
        found = await session.ask(code, max(0, min(cursor, len(code))))
        return Completions(found.matches, found.start)

    def state(self, pipeline: str, block: str) -> ScratchpadState:
        """Whether a scratchpad has a session, and what that does."""
        session = self._sessions.get((pipeline, block))
        if session is None or not session.alive:
            return ScratchpadState("none")
        if session.running is not None:
            return ScratchpadState("running", session.running.execution, session.queued)
        return ScratchpadState("idle" if session.ready else "starting")

    def orders(self) -> list[tuple[int, WorkOrder]]:
        """The processes that work on an order; `details` says more about them, in a thread."""
        return [(pid, order) for pid, order in self._bench.supervisor.processes() if pid is not None]

    def _new(self, pipeline: str, block: str) -> ScratchSession:
        def tell(event: dict[str, Any]) -> None:
            self._hub.publish(f"pipeline:{pipeline}", {**event, "block": block})

        def answer(ask: Ask, reply: Callable[[Answer], None]) -> None:
            self._bench.answer(pipeline, ask, reply)
            self._pump.kick()

        return ScratchSession(self._bench.supervisor, tell, answer)

    def _order(self, pipeline: str, block: str) -> WorkOrder:
        project = self._project()
        loaded = project.pipeline(pipeline)
        entry = loaded.block(block)
        if entry is None:
            raise BlockNotFoundError(
                f"running scratchpad {block}: pipeline {pipeline} has no such block", hint="Reload the page."
            )
        if entry.type is not BlockType.SCRATCHPAD or entry.language != "python":
            raise UnsupportedError(
                f"running {block} piece by piece: it is a {entry.type} block in {entry.language}",
                hint="Only scratchpads in Python keep what they have defined; run the block as a whole.",
            )
        place = Place(str(project.root), project.name, str(self._bench.store.root))
        return session_order(place, loaded, entry, datetime.now(UTC))


def details(orders: list[tuple[int, WorkOrder]]) -> list[ProcessDetail]:
    """What these processes use. Asks the system: call it in a thread."""
    import psutil

    found: list[ProcessDetail] = []
    for pid, order in orders:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue  # ended; its end has only not been noticed yet
                times, memory, since = process.cpu_times(), process.memory_info().rss, process.create_time()
        except psutil.Error:
            continue
        kind = "scratchpad" if order.interactive else "block"
        used = times.user + times.system
        found.append(ProcessDetail(pid, order.pipeline, order.block.uuid, kind, order.run or None, memory, used, since))
    return found

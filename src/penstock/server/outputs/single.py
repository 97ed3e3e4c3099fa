"""Runs one block of a pipeline to its end and gives what it returned: for calls that wait for an answer.

The block runs in a worker like any other, its output is stored and read by the reader process; this process holds the
answer alone. So many at once, the others wait for a moment; each call reads the version that it made itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from penstock.data.forgetting import forget, left_over
from penstock.engine.loop import RunHandle
from penstock.engine.plan import RunOptions, RunPlan
from penstock.model import events
from penstock.model.errors import (
    BlockFailedError,
    InterruptedRunError,
    RunBusyError,
    StorageError,
    TimeoutExceededError,
    UnsupportedError,
)
from penstock.model.graph import ancestors
from penstock.model.product import Address, Kind, OutputSummary, ProductRef
from penstock.project import Project
from penstock.server.bench import Bench
from penstock.server.outputs.client import ReaderClient
from penstock.server.outputs.reader.questions import DownloadQuestion, RawQuestion, Target
from penstock.server.runs.manifests import Manifests
from penstock.server.runs.pump import Pump

AT_ONCE = 8
"""Blocks that are run for calls at the same time."""
WAITING = 64
"""Calls that may wait for their turn."""
SECONDS = 300.0
MOST_BYTES = 16 << 20
"""Of all outputs as JSON, for who asks for no other number."""
MOST_ROWS = 100_000
"""Of all tables, series and arrays among the outputs."""
_OF_ONE_CALL = "call-"
"""How the partition begins in which the outputs of one call lie, until it is answered; the name of its run follows."""
_ONE_CALL = re.compile(rf"{_OF_ONE_CALL}\d{{8}}-\d{{6}}-\d{{6}}-[0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Called:
    """What a block has returned: a value for each output."""

    run: str
    state: str
    outputs: list[Any]


class SingleBlocks:
    """Runs single blocks.

    Args:
        bench: runs them.
        pump: turns the run loop.
        project: the project as it is now.
        reader: reads what they have returned.
    """

    def __init__(self, bench: Bench, pump: Pump, project: Callable[[], Project], reader: ReaderClient) -> None:
        self._bench = bench
        self._pump = pump
        self._project = project
        self._reader = reader
        self._manifests = Manifests(bench.store)
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(
        self,
        pipeline: str,
        block: str,
        variables: Mapping[str, Any],
        *,
        upstream: bool = False,
        incomplete_only: bool = False,
        record: bool = True,
        keep: bool = True,
        origin: str = "api",
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> Called:
        """Run a block and wait for its end.

        Args:
            pipeline: the pipeline.
            block: its block.
            variables: over those of the pipeline.
            upstream: also what it depends on.
            incomplete_only: of that, only what has no output yet.
            record: the run belongs to the history; else nothing of it is recorded or announced.
            keep: what the blocks return is stored for later readers; else only the answer has it.
            origin: who asks.
            seconds: how long it may take; then it is interrupted.
            most_bytes: of all outputs as JSON.

        Raises:
            RunBusyError: too many calls wait.
            BlockFailedError: the block, or one before it, failed.
            TimeoutExceededError: it took too long.
            PenstockError: as `make_plan`, and as the reader raises.
        """
        if self._waiting >= WAITING:
            raise RunBusyError(
                f"running block {block} of pipeline {pipeline}: {WAITING} calls are waiting", hint="Call again later."
            )
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds), self._room:
                plan = await asyncio.to_thread(
                    self._plan, pipeline, block, variables, origin, upstream=upstream, incomplete_only=incomplete_only
                )
                if not keep:
                    plan = replace(plan, options=replace(plan.options, stored_in=f"{_OF_ONE_CALL}{plan.run}"))
                return await self._carry_out(plan, block, most_bytes, record=record)
        except TimeoutError:
            raise TimeoutExceededError(
                f"running block {block} of pipeline {pipeline}: it took longer than {seconds:g} s",
                hint="Trigger the pipeline instead, and ask for its run.",
            ) from None
        finally:
            self._waiting -= 1

    def _plan(
        self,
        pipeline: str,
        block: str,
        variables: Mapping[str, Any],
        origin: str,
        *,
        upstream: bool,
        incomplete_only: bool,
    ) -> RunPlan:
        self._bench.project = self._project()
        blocks: tuple[str, ...] = (block,)
        if upstream and incomplete_only:
            found = self._project().pipeline(pipeline)
            graph = {each.uuid: each.upstream for each in found.blocks}
            above = ancestors(graph, {block}) if block in graph else set()
            blocks += tuple(one for one in above if self._manifests.latest(Address(pipeline, one)) is None)
        options = RunOptions(
            variables=variables,
            blocks=blocks,
            with_upstream=upstream and not incomplete_only,
            run_tests=False,
            environment="prod",
            origin=origin,
            words=f"block {block}",
        )
        return self._bench.plan(pipeline, options)

    async def _carry_out(self, plan: RunPlan, block: str, most_bytes: int, *, record: bool) -> Called:
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ends: dict[str, events.BlockEnded] = {}

        def note(event: events.Event) -> None:
            if isinstance(event, events.BlockEnded):
                ends[event.block] = event
            elif isinstance(event, events.RunEnded) and not over.done():
                over.set_result(None)

        handle = self._bench.start(plan, [note]) if record else self._bench.loop.start(plan, note)
        self._pump.kick()
        try:
            await asyncio.shield(over)
            state = self._state_of(ends, block)
            ref = handle.run.blocks[block].ref
            outputs = await self._outputs(plan.pipeline.uuid, ref, most_bytes) if ref is not None else []
        except asyncio.CancelledError:
            self._bench.loop.cancel(handle)
            self._pump.kick()
            self._forget_later(handle, over)
            raise
        except BaseException:
            await self._forget_later(handle, over)
            raise
        await self._forget_later(handle, over)
        return Called(plan.run, state, outputs)

    def _forget_later(self, handle: RunHandle, over: asyncio.Future[None]) -> asyncio.Task[None]:
        """Remove what was stored for the answer alone, once nobody can add to it any more."""

        async def work() -> None:
            await over
            if own := handle.plan.options.stored_in:
                # Of nothing else, whatever the run may have taken from elsewhere: all versions of an address go.
                refs = [ref for ref in handle.refs().values() if ref is not None and ref.address.partition == own]
                await asyncio.to_thread(self._forget, refs)

        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget(self, refs: list[ProductRef]) -> None:
        backend = self._bench.store.backend
        for ref in refs:
            with suppress(StorageError):  # it stays where nobody looks for it, until the next call
                forget(backend, ref.address)
                for address in left_over(backend, ref.address, _ONE_CALL, time.time() - 2 * SECONDS):
                    forget(backend, address)

    def _state_of(self, ends: Mapping[str, events.BlockEnded], block: str) -> str:
        for end in ends.values():
            if end.failure is not None:
                where = "" if end.block == block else f", before block {block}"
                raise BlockFailedError(
                    f"running block {end.block}{where}: {end.failure.message}", hint=end.failure.hint
                )
        if block not in ends:
            raise InterruptedRunError(f"running block {block}: it was interrupted", hint="Call again.")
        return ends[block].state.value

    async def _outputs(self, pipeline: str, ref: ProductRef, most_bytes: int) -> list[Any]:
        outputs: list[Any] = []
        block, rows, size = ref.address.block, 0, 0
        manifest = await asyncio.to_thread(self._bench.store.manifest, ref)
        for output in manifest.summaries():
            rows += output.rows or 0
            if rows > MOST_ROWS:
                raise _too_large(block, f"{rows:,} rows", f"{MOST_ROWS:,}")
            target = Target(
                pipeline=pipeline,
                block=block,
                partition=ref.address.partition,
                version=ref.version,
                output=output.name,
            )
            content = await self._content(target, output)
            size += len(content)
            if size > most_bytes:
                raise _too_large(block, f"{size:,} bytes", f"{most_bytes:,} bytes ({most_bytes >> 20} MB)")
            outputs.append(_value(content, output, block))
        return outputs

    async def _content(self, target: Target, output: OutputSummary) -> bytes:
        is_table = output.kind is Kind.TABLE
        question = DownloadQuestion(target=target, format="json") if is_table else RawQuestion(target=target, json=True)
        return (await self._reader.ask(question))[1]


def _value(content: bytes, output: OutputSummary, block: str) -> Any:
    if output.kind == Kind.TEXT:
        return content.decode("utf-8", "replace")
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise UnsupportedError(
            f"answering with what block {block} returned: {output.kind} is no JSON",
            hint="Let the block return tables, arrays, text, or a value of lists and dicts.",
        ) from error


def _too_large(block: str, size: str, most: str) -> UnsupportedError:
    return UnsupportedError(
        f"answering with what block {block} returned: it has {size}, and an answer may have {most}",
        hint="Return less, or read the stored output.",
    )

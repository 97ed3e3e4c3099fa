"""One work order, from its source to the published version of its outputs."""

from __future__ import annotations

import io
import os
import sys
import time
import tokenize
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from penstock.data import Durability, ProductStore, fingerprint
from penstock.engine.dependencies import libraries_of
from penstock.engine.failures import failure_of
from penstock.engine.interrupts import Interrupts
from penstock.engine.items import Tally, items_of
from penstock.engine.lineage import lineage_of
from penstock.engine.project_code import ProjectCode
from penstock.engine.streams import flush_streams
from penstock.engine.told_by_python import told_to
from penstock.engine.upstreams import Upstream
from penstock.engine.usage import Waits
from penstock.languages.job import BlockResult, Job, Parts
from penstock.languages.registry import runner
from penstock.model.block import MOVE_IT, BlockType, Language, outside_words
from penstock.model.errors import (
    BlockFailedError,
    BlockNotFoundError,
    FileInvalidError,
    Location,
    ValueRefusedError,
)
from penstock.model.messages import (
    Aftermath,
    AskKind,
    BlockOrder,
    CallbackFailed,
    CallbackStatus,
    Failure,
    FromWorker,
    Limits,
    Log,
    Outcome,
    Output,
    Started,
    Storing,
    TestOutcome,
    WorkOrder,
    Yielded,
)
from penstock.model.product import Address, Items, Lineage
from penstock.sdk import context as sdk_context

if TYPE_CHECKING:
    from penstock.data import Draft
    from penstock.data.writing import Written

_UNPUBLISHED = frozenset({BlockType.SENSOR, BlockType.SCRATCHPAD})
"""Types whose run makes no version: there is nothing that a later block could read."""
_CHUNK = 1 << 16

Ask = Callable[[AskKind, dict[str, Any]], Any]


class Send(Protocol):
    """Sends a message to the supervisor; with `hold`, together with the one that follows at once."""

    def __call__(self, message: FromWorker, *, hold: bool = False) -> None:
        """Send it."""


@dataclass(slots=True)
class Execution:
    """One attempt inside a worker.

    Args:
        order: what to do.
        send: sends a message to the supervisor.
        ask: puts a request of user code to the control side.
        interrupts: keeps an interrupt out of the moment of publication.
        shared: the `context` that the blocks of one process share.
        code: the project's import path.
        modules_before: how many modules were loaded before the first order of this process.
        memory: block -> what it returned, where that could not be stored and the order allows to keep it.
        waits: measures how long the code waits, where somebody asks that.
        given: whether nobody looks at what the block has returned once it is stored.
        made: holds what the block was given and has returned, so that it is not freed before its end is told.
    """

    order: WorkOrder
    send: Send
    ask: Ask
    interrupts: Interrupts
    shared: dict[str, Any]
    code: ProjectCode
    modules_before: int = 0
    memory: dict[str, list[object]] = field(default_factory=dict)
    waits: Waits | None = None
    tests: list[TestOutcome] = field(default_factory=list)
    items: Items | None = None
    waited: float = 0.0
    refused_by: str = ""
    refusal: Failure | None = None
    made: object = None
    given: bool = False
    tally: Tally | None = None
    _bytes: bytes | None = None

    def lineage(self) -> Lineage | None:
        """What the attempt is made from, as far as it got; None when its source could not be read."""
        return None if self._bytes is None else lineage_of(self.order, self._bytes, (), self.code.digests)

    def run(self) -> Outcome:
        """Ask the block's conditions, run it, store, test and publish what it returns, run its callbacks.

        The tests' results are in `tests` afterwards, what a dynamic block has returned in `items`, the condition that
        said no in `refused_by`, and in `refusal` what it raised instead of an answer; in `waited` the seconds that its
        code has waited.

        Raises:
            BlockFailedError: tests failed; the outputs are published, marked with that.
            PenstockError: the order cannot be carried out, or a result cannot be stored.
            BaseException: whatever user code raises.
        """
        with told_to(self._log):
            return self._run()

    def _run(self) -> Outcome:
        order = self.order
        variables = _variables(order)
        self._activate(variables)
        store = _store_at(order.data_root, order.allow_pickle, order.deferred)
        if order.aftermath is not None:
            self.send(Started(time.time()))
            self._call_back(self._job(store, "", variables), [], order.aftermath)
            return Outcome.SUCCEEDED
        reference = order.block.type == BlockType.GLOBAL_DATA_PRODUCT
        source, text = (b"", "") if reference else _source(order.block, order.project)
        self._bytes = source
        job = self._job(store, text, variables)
        language = runner(BlockType.GLOBAL_DATA_PRODUCT if reference else order.block.language)
        # Its limit of time counts from here; where a child has none, nobody waits for the word.
        self.send(Started(time.time()), hold=bool(order.child) and order.limits == Limits())
        if order.conditions and not self._may_run(job):
            return Outcome.CONDITION_FALSE
        if self.waits is not None:
            self.waits.since()
        with _alone():
            result = language.run(job)
        result.outputs[:] = map(_guarded, result.outputs)
        if self.waits is not None:
            self.waited = self.waits.since()
        self.made = (job, result)
        self.given = (
            result.check is None
            and order.block.language == Language.PYTHON
            and not (order.callbacks or order.dynamic or order.keep_in_memory)
        )
        if result.waiting:
            return Outcome.WAITING
        values: list[object] = []
        if order.block.type not in _UNPUBLISHED:
            values = self._store(store, result, source)
        if order.callbacks:
            self._call_back(job, values, Aftermath(CallbackStatus.SUCCESS))
        return Outcome.SUCCEEDED

    def _job(self, store: ProductStore, source: str, variables: dict[str, Any]) -> Job:
        order = self.order
        inputs = [Upstream(entry, store, self.memory) for entry in order.inputs]
        variables = dict(variables)
        for entry in inputs:
            variables.update(entry.metadata())
        return Job(
            order=order,
            source=source,
            inputs=list(inputs),
            variables=variables,
            context=self.shared,
            log=self._log,
            ask=self.ask,
            modules_before=self.modules_before,
        )

    def _may_run(self, job: Job) -> bool:
        from penstock.languages.python.add_ons import failed_condition

        with _alone():
            self.refused_by, wrong = failed_condition(job, self._text)
        if wrong is not None:
            self.refusal = failure_of(wrong, self.order.project, who=f"condition {self.refused_by}")
        if self.refused_by:
            self._log("INFO", f"not run: condition {self.refused_by} is false")
        return not self.refused_by

    def _call_back(self, job: Job, values: list[object], after: Aftermath) -> None:
        from penstock.languages.python.add_ons import run_callbacks

        def failed(callback: str, error: Exception | SystemExit) -> None:
            failure = failure_of(error, self.order.project, who=f"callback {callback}")
            self.send(CallbackFailed(callback, after.status, failure))

        with _alone():
            run_callbacks(job, values, after, self._text, failed)

    def _store(self, store: ProductStore, result: BlockResult, source: bytes) -> list[object]:
        """Store, test and publish; the outputs as the tests have seen them."""
        order = self.order
        draft = store.draft(Address(order.pipeline, order.key, order.stored_in or order.partition), order.fence)
        self.made = (self.made, draft)
        self.memory.pop(order.key, None)
        try:
            if libraries := libraries_of(result.outputs, self.modules_before):
                self.send(Storing(libraries))
            values = self._add_all(draft, result.outputs, read=result.check is not None or bool(order.callbacks))
            items = None
            if order.dynamic:
                items = self.tally.told() if self.tally is not None else items_of(values, order.key).told()
                self.items = replace(items, parts=())
            if result.check is not None and order.run_tests:
                with _alone():
                    self.tests.extend(result.check(values))
            if order.key not in self.memory:
                lineage = lineage_of(order, source, result.files, self.code.digests)
                with self.interrupts.shielded():
                    manifest = draft.publish(
                        lineage, fingerprint=fingerprint(lineage), checks=tuple(self.tests), items=items
                    )
                    told = Output(manifest.ref, tuple(manifest.summaries()))
                    self.send(told, hold=not order.callbacks)  # without any, the end of the attempt follows at once
        finally:
            draft.abandon()
        failed = [test for test in self.tests if not test.passed]
        if failed:
            raise _tests_failed(order, failed, len(self.tests))
        return values

    def _add_all(self, draft: Draft, outputs: list[object | Parts], *, read: bool) -> list[object]:
        """Store the outputs; where one cannot be stored, keep all of them in memory if the order allows that.

        Args:
            draft: where to.
            outputs: what the block has returned.
            read: whether anybody looks at what came in parts.
        """
        if self.order.stream and len(outputs) == 1 and isinstance(outputs[0], Parts):
            return self._add_stream(draft, outputs[0], read=read)
        if self.given:
            for at in range(len(outputs)):
                self._give(draft, outputs, at)
            return []
        if not self.order.keep_in_memory:
            return [self._add(draft, value) for value in outputs]
        whole = [list(value.items) if isinstance(value, Parts) else value for value in outputs]
        try:
            return [self._add(draft, value) for value in whole]
        except ValueRefusedError as refusal:
            self._log("WARNING", f"{refusal.message}; the next blocks of this run get it from memory, it is not stored")
            self.memory[self.order.key] = whole
            return whole

    def _add_stream(self, draft: Draft, parts: Parts, *, read: bool) -> list[object]:
        """Store what a block in stream mode yields, and tell of each part so that its children begin."""
        tally = self.tally = Tally()

        def heard(part: object, written: Written) -> None:
            number, items = len(tally.sizes), tally.add(part, self.order.key)
            if self.order.tell_parts:
                with self.interrupts.shielded():
                    draft.publish_part(number, written)
                    self.send(Yielded(number, items))

        name = draft.add_parts(parts.items, heard=heard).name
        return [draft.value(name)] if read else []

    def _add(self, draft: Draft, value: object) -> object:
        """Store one output; what its tests get to see."""
        if isinstance(value, Parts):
            return draft.value(draft.add_parts(value.items).name)
        # Python blocks expect a frame of pandas from a SQL block, whatever it was fetched as.
        try:
            draft.add(value, load_as="pandas" if self.order.block.language == Language.SQL else None)
        except ValueRefusedError as refusal:
            from penstock.engine.display import page_instead

            page = page_instead(value, refusal) if not self.order.keep_in_memory else None
            if page is None:
                raise
            self._log("WARNING", f"{refusal.message}; its page is stored instead, and no block can read the object")
            draft.add(page)
        return value

    def _give(self, draft: Draft, outputs: list[object | Parts], at: int) -> None:
        """Store one output that nobody looks at afterwards: what is stored of a large table may be freed at once."""
        value = outputs[at]
        if isinstance(value, Parts):
            draft.add_parts(value.items)
            return
        given = [value]
        del value
        outputs[at] = None
        try:
            draft.add_given(given)
        except ValueRefusedError:
            if not given:
                raise
            self._add(draft, given[0])

    def _activate(self, variables: dict[str, Any]) -> None:
        order = self.order
        sdk_context.activate(
            sdk_context.Context(
                project=order.project,
                project_name=order.project_name,
                data_root=order.data_root,
                pipeline=order.pipeline,
                block=order.block.uuid,
                partition=order.partition,
                variables=variables,
                ask=self.ask,
                allow_pickle=order.allow_pickle,
                partition_name=str(order.builtins.get("execution_partition") or ""),
            )
        )

    def _text(self, block: BlockOrder) -> str:
        return _source(block, self.order.project)[1]

    def _log(self, level: str, text: str) -> None:
        flush_streams()
        self.send(Log(level, text, time.time()))


@contextmanager
def _alone() -> Iterator[None]:
    """Run user code; whatever it has forked and lets come back ends here."""
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            _end_copy(sys.exc_info()[1])


def _guarded(value: object | Parts) -> object | Parts:
    """An output whose parts, if it comes in parts, are made by this process alone."""
    return Parts(_made_alone(value.items)) if isinstance(value, Parts) else value


def _made_alone(parts: Iterator[object]) -> Iterator[object]:
    while True:
        with _alone():
            try:
                part = next(parts)
            except StopIteration:
                return
        yield part


def _end_copy(error: BaseException | None) -> NoReturn:
    """End what user code has forked and let come back: it would tell the end a second time, and take orders."""
    status = 0
    if isinstance(error, SystemExit):
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    elif error is not None:
        traceback.print_exception(error)
        status = 1
    flush_streams()
    os._exit(status & 0xFF)


@lru_cache(maxsize=1)
def _store_at(root: str, allow_pickle: bool, deferred: bool) -> ProductStore:  # noqa: FBT001 - a key of the cache
    """The store of the orders of this process."""
    durability = Durability.DEFERRED if deferred else Durability.POWER
    return ProductStore(root, allow_pickle=allow_pickle, worker=True, durability=durability)


def _variables(order: WorkOrder) -> dict[str, Any]:
    """What the function's keyword arguments are made of: the user's values under the engine's."""
    moments = {name: datetime.fromisoformat(text) for name, text in order.datetimes.items()}
    found = {**order.variables, **order.builtins, **moments}
    if order.remote_blocks:
        from penstock.sdk.remote import RemoteOutputs

        found["remote_blocks"] = RemoteOutputs(order.remote_blocks)
    return found


def _source(block: BlockOrder, project: str) -> tuple[bytes, str]:
    """The block's text, as bytes and decoded: what the order carries, else what the file holds now.

    Raises:
        BlockNotFoundError: there is no such file, or the project's folder is away.
        FileInvalidError: the file is not text.
    """
    if block.source is not None:
        return block.source.encode("utf-8", "surrogatepass"), block.source
    if block.outside:
        raise BlockNotFoundError(f"running block {block.uuid}: {outside_words(block.outside)}", hint=MOVE_IT)
    if block.file is None:
        raise BlockNotFoundError(
            f"running block {block.uuid}: it has no file", hint="Create the block's file, or remove the block."
        )
    try:
        data = _content(block.file)
    except FileNotFoundError:
        if not Path(project).is_dir():
            raise BlockNotFoundError(
                f"running block {block.uuid}: the project's folder {project} is not there just now",
                hint="Connect its drive or move it back, and run the block again; `retry_config` does so itself.",
            ) from None
        raise BlockNotFoundError(
            f"running block {block.uuid}: {block.file} does not exist",
            hint="Create the file, or remove the block from the pipeline.",
        ) from None
    except OSError as error:
        raise FileInvalidError(f"reading {block.file}: {error.strerror}", location=Location(block.file)) from error
    return data, _decode(data, block.file, block.language)


def _content(file: str) -> bytes:
    """What a file holds; by descriptor, for every block comes by here."""
    descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        found = data = os.read(descriptor, _CHUNK)
        while data:
            data = os.read(descriptor, _CHUNK)
            found += data
        return found
    finally:
        os.close(descriptor)


@lru_cache(maxsize=4)  # the children of a block that share a process run one text thousands of times
def _decode(data: bytes, file: str, language: str) -> str:
    encoding = "utf-8-sig"
    try:
        if language == Language.PYTHON:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        raise FileInvalidError(
            f"reading {file}: it is not text in {encoding} ({error})",
            hint="Save the file as UTF-8.",
            location=Location(file),
        ) from None


def _tests_failed(order: WorkOrder, failed: list[TestOutcome], total: int) -> BlockFailedError:
    details = "; ".join(f"{test.name}: {test.error}" if test.error else test.name for test in failed[:5])
    more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""  # noqa: PLR2004 - as many as are listed
    return BlockFailedError(
        f"testing block {order.block.uuid}: {total - len(failed)}/{total} tests passed; failed: {details}{more}",
        hint="The outputs are kept for inspection; later blocks do not see them.",
    )

"""Conditionals and callbacks: Python files that are attached to blocks and run around them, in the same process."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from penstock.languages.job import Job
from penstock.languages.python.call import call
from penstock.languages.python.namespace import block_module, compile_block
from penstock.model.errors import BlockFailedError
from penstock.model.messages import Aftermath, BlockOrder, CallbackStatus
from penstock.sdk.decorators import Collector, collect
from penstock.sdk.logger import BlockLogger

_REST = 0x04
_LEGACY = {"on_success": CallbackStatus.SUCCESS, "on_failure": CallbackStatus.FAILURE}
_LEGACY["on_cancelled"] = CallbackStatus.CANCELLED

ReadSource = Callable[[BlockOrder], str]
"""The text of an attached file."""


def failed_condition(job: Job, read: ReadSource) -> tuple[str, Exception | SystemExit | None]:
    """Ask the conditions of a block, all of which must be true; which one is not, empty when the block may run.

    A condition gets the inputs of the block. One that raises, or calls `sys.exit`, counts as false: what it raised
    comes second, and the log says it.
    """
    process = os.getpid()
    for condition in job.order.conditions:
        try:
            if not _holds(job, condition, read):
                return condition.uuid, None
        except (Exception, SystemExit) as error:  # whatever the condition raises, its block does not run
            if os.getpid() != process:  # what it has forked ends with that, and asks nothing more
                raise
            _tell(job, f"condition {condition.uuid} failed and counts as false", error)
            return condition.uuid, error
    return "", None


def _holds(job: Job, condition: BlockOrder, read: ReadSource) -> bool:
    mine, collector, variables = _executed(job, condition, read)
    functions = collector.every("condition")
    if not functions:
        raise BlockFailedError(
            f"asking condition {condition.uuid}: no function is decorated with @condition",
            hint="Put @condition above the function that decides.",
        )
    inputs = [entry.value() for entry in mine.inputs]
    upstream = [entry.block for entry in mine.inputs]
    return all(call(function, _fitting(function, inputs), variables, upstream) for function in functions)


def run_callbacks(
    job: Job,
    outputs: Sequence[Any],
    after: Aftermath,
    read: ReadSource,
    failed: Callable[[str, Exception | SystemExit], None],
) -> None:
    """Run what is to run after a block has ended so, in the order of the pipeline's file.

    A callback gets the block's output (None when it has none). One that raises, or calls `sys.exit`, does not change
    how the block has ended: the log says why, `failed` is told its name and what it raised, and the others run.
    """
    process = os.getpid()
    for callback in job.order.callbacks:
        try:
            _call_back(job, callback, outputs, after, read)
        except (Exception, SystemExit) as error:  # whatever the callback raises, its block has ended as it has
            if os.getpid() != process:  # what it has forked ends with that, and calls nobody else back
                raise
            said = f"callback {callback.uuid} failed after the block's {after.status}"
            job.log("ERROR", f"{said}: {type(error).__name__}: {error}")
            failed(callback.uuid, error)


def _call_back(job: Job, callback: BlockOrder, outputs: Sequence[Any], after: Aftermath, read: ReadSource) -> None:
    _, collector, variables = _executed(job, callback, read)
    functions = _functions(collector, after.status)
    if not functions and not _functions(collector, None):
        raise BlockFailedError(
            f"running callback {callback.uuid}: no function is decorated with @callback",
            hint="Put @callback('success'), @callback('failure') or @callback('cancelled') above the functions.",
        )
    value = (outputs[0] if len(outputs) == 1 else list(outputs)) if outputs else None
    named = {**variables, **_surroundings(job, after)}
    for function in functions:
        code = getattr(function, "__code__", None)
        takes = code is None or code.co_argcount or code.co_flags & _REST
        if takes:
            call(function, [value], named, [job.order.block.uuid])
        else:
            call(function, [], {**named, "__input": value}, [])


def _functions(collector: Collector, status: CallbackStatus | None) -> list[Any]:
    """Those for that ending, in the order of the file; with None, for any."""
    found: list[Any] = []
    for function, arguments in collector.found.get("callback", ()):
        wanted = str(arguments[0]) if arguments else CallbackStatus.SUCCESS
        if status is None or wanted == status:
            found.append(function)
    for kind, wanted in _LEGACY.items():
        if status is None or wanted is status:
            found.extend(collector.every(kind))
    return found


def _surroundings(job: Job, after: Aftermath) -> dict[str, Any]:
    """What callbacks find among their keyword arguments beyond the block's own."""
    order = job.order
    run = SimpleNamespace(
        id=order.run,
        pipeline_uuid=order.pipeline,
        partition=order.partition,
        execution_date=job.variables.get("execution_date"),
        variables=dict(order.variables),
    )
    found: dict[str, Any] = {"parent_block_uuid": order.key, "pipeline_run": run}
    if after.failure is not None:
        found["__error"] = BlockFailedError(after.failure.message, hint=after.failure.hint)
    return found


def _executed(job: Job, attached: BlockOrder, read: ReadSource) -> tuple[Job, Collector, Mapping[str, Any]]:
    """The attached file, executed: its job, what it has decorated, the keyword arguments of its functions."""
    mine = replace(job, order=replace(job.order, block=attached), source=read(attached))
    code, file = compile_block(mine)
    module = block_module(mine, file)
    collector = Collector(module.__dict__)
    collect(collector)
    try:
        exec(code, module.__dict__)  # noqa: S102 - running the user's code is what a worker is for
    finally:
        collect(None)
    variables = {
        **job.variables,
        "configuration": dict(job.order.block.configuration),
        "context": job.context,
        "logger": BlockLogger(job.log, attached.uuid),
        "parent_block_uuid": job.order.key,
    }
    return mine, collector, variables


def _fitting(function: Any, inputs: Sequence[Any]) -> list[Any]:
    """As many inputs as the function takes: a condition need not look at them."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & _REST:
        return list(inputs)
    return list(inputs[: code.co_argcount])


def _tell(job: Job, what: str, error: BaseException) -> None:
    lines = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    job.log("ERROR", f"{what}: {type(error).__name__}: {error}\n{lines}")

"""`penstock.run`: run a pipeline from Python."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.cli.interrupts import waking
from penstock.cli.summary import Summary
from penstock.cli.wire import open_workbench
from penstock.connect.sql.stored import value_of
from penstock.data import ProductStore
from penstock.engine.plan import RunOptions
from penstock.model import events
from penstock.model.errors import BlockFailedError, ProductMissingError
from penstock.model.expand import base_of
from penstock.model.product import ProductRef
from penstock.model.run import RunState
from penstock.project.left_out import left_out
from penstock.project.notices import opening_notices
from penstock.sdk.context import running_in


@dataclass(slots=True)
class RunResult:
    """A run that has completed: `state` and `blocks` as in `penstock run --json`; outputs are read when asked for."""

    document: dict[str, Any]
    refs: dict[str, ProductRef] = field(default_factory=dict)
    data_root: str = ""

    @property
    def state(self) -> str:
        """The run's state, "completed"."""
        return str(self.document["state"])

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """How each block ended."""
        return list(self.document["blocks"])

    def output(self, block: str) -> Any:
        """What a downstream block would receive from that block: its single output, or the list of several.

        Raises:
            ProductMissingError: the block took no part in the run, or ran as children, which have an output each.
        """
        ref = self.refs.get(block)
        children = [name for name in self.refs if base_of(name) == block]
        if ref is None and children:
            raise ProductMissingError(
                f"reading the output of {block}: it ran as {len(children)} children, each with an output of its own",
                hint=f"Ask for one of them, such as {children[0]}.",
            )
        if ref is None:
            raise ProductMissingError(
                f"reading the output of {block}: it took no part in the run",
                hint=f"Blocks of the run: {', '.join(self.refs)}.",
            )
        # The caller is user code in a process of its own: what only a worker may load, it may.
        return value_of(ProductStore(Path(self.data_root), worker=True), ref)


def run(
    pipeline_uuid: str,
    project_path: str | Path | None = None,
    block_uuid: str | None = None,
    run_sensors: bool = True,  # noqa: FBT001, FBT002 - the signature that existing callers use
    **global_vars: Any,
) -> RunResult:
    """Run a pipeline, or one block of it, and wait for its end.

    Args:
        pipeline_uuid: the pipeline's name.
        project_path: the project's folder; by default that of the running block, elsewhere the working directory.
        block_uuid: only this block.
        run_sensors: False counts sensors as satisfied.
        **global_vars: variables of the run, JSON values.

    Raises:
        BlockFailedError: a block failed; the message names it and the cause.
        PenstockError: the project, the pipeline or the block cannot be run.
    """
    options = RunOptions(
        variables=global_vars, blocks=(block_uuid,) if block_uuid else (), skip_sensors=not run_sensors, deferred=True
    )
    return run_with(pipeline_uuid, project_path or running_in() or Path(), options)


def run_with(pipeline_uuid: str, project_path: str | Path, options: RunOptions) -> RunResult:
    """As `run`, with all that may be asked of a run; its variables may have any names."""
    summary = Summary()
    refs: dict[str, ProductRef] = {}
    with open_workbench(project_path) as bench:
        plan = bench.plan(pipeline_uuid, options)
        for notice in (*opening_notices(bench.project), *left_out(plan.pipeline, plan.graph)):
            logging.getLogger("penstock.project").warning(notice)
        handle = bench.start(plan, [summary, _references(refs)])
        with waking(bench.supervisor):
            state = bench.loop.wait(handle)
            while rest := [triggered for triggered in bench.answers.nested.started if not triggered.ended]:
                bench.loop.wait(rest[0])
        bench.learn()
        data_root = str(bench.project.store_root())
    document = summary.document()
    if state is not RunState.COMPLETED:
        raise _failed(pipeline_uuid, document)
    return RunResult(document, refs, data_root)


def _references(refs: dict[str, ProductRef]) -> Callable[[events.Event], None]:
    def take(event: events.Event) -> None:
        if isinstance(event, events.BlockEnded) and event.ref is not None:
            refs[event.block] = event.ref

    return take


def _failed(pipeline: str, document: dict[str, Any]) -> BlockFailedError:
    for block in document["blocks"]:
        if block["failure"]:
            failure = block["failure"]
            return BlockFailedError(
                f"running pipeline {pipeline}: block {block['block']} failed: {failure['message']}",
                hint=failure["hint"],
            )
    return BlockFailedError(f"running pipeline {pipeline}: it ended as {document['state']}")

"""Which blocks of a pipeline take part in a run, and the work order of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from penstock.config import environment
from penstock.engine.attached import NOTHING_ATTACHED, Attached, attached_to, block_order
from penstock.model.block import RUNNABLE_TYPES, Block, BlockType
from penstock.model.errors import BlockNotFoundError, GraphInvalidError, SettingInvalidError, UnsupportedError
from penstock.model.expand import (
    MOST_CHILDREN,
    NO_FANS,
    DynamicSettings,
    Fans,
    Unit,
    axes_of,
    dynamic_settings,
    streams_of,
)
from penstock.model.graph import ancestors, descendants, topological_order
from penstock.model.messages import InputOrder, Limits, WorkOrder
from penstock.model.pipeline import Pipeline, PipelineType
from penstock.model.product import UNPARTITIONED, Fence
from penstock.model.run import RetryPolicy

_NO_ARGUMENT = frozenset({BlockType.MARKDOWN, BlockType.SCRATCHPAD, BlockType.CHART})
_NOT_YET = frozenset({BlockType.DBT, BlockType.UNKNOWN})
_DAY = timedelta(days=1)
"""The interval of a run that no schedule and no backfill has made."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a run was made for by a trigger, a backfill or a call: what the block variables of that name say.

    `partition` is the value of `execution_partition`, `event` what came with the call, `trigger` the trigger's name.
    """

    execution_date: datetime
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    partition: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the caller asks of a run.

    `blocks` limits it to these; `with_upstream` adds what they depend on, `with_downstream` what depends on them;
    `stale_only` skips what is fresh by content; `environment` is the value of the block variable `env`; `origin` is who
    asks (cli, studio, block, or how a scheduler came to it); `occasion` is what a scheduled run was made for.
    A block runs as `most_children` children at most: one of more fails, or with `cut_children` leaves the rest out;
    `children_at_once` of them are under way at a time. `parent` is the run whose block `parent_block` asks for this,
    `remote_blocks` what it hands over: the blocks of other pipelines whose outputs this run's blocks get.
    `inputs` are the versions to read of upstreams that take no part in the run, by block; of others the newest.
    `stored_in` is a partition of the run's own for its outputs, of which nobody is told: who asks for it removes it.
    With `deferred` outputs are forced to the disk beside the blocks that follow, all before the run's end is told.
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()
    with_upstream: bool = False
    with_downstream: bool = False
    stale_only: bool = False
    run_tests: bool = True
    skip_sensors: bool = False
    partition: str = UNPARTITIONED
    environment: str = "dev"
    memory_limit: int | None = None
    allow_pickle: bool = False
    keep_going: bool = True
    most_children: int | None = None
    cut_children: bool = False
    children_at_once: int | None = None
    retry_config: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "cli"
    words: str = ""
    occasion: Occasion | None = None
    parent: str = ""
    parent_block: str = ""
    remote_blocks: tuple[Mapping[str, Any], ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    stored_in: str = ""
    deferred: bool = False

    def what(self) -> str:
        """What is to run, in words: `words`, when the caller knows better."""
        if self.words:
            return self.words
        if not self.blocks:
            return "stale" if self.stale_only else "all"
        names = ", ".join(self.blocks[:3]) + (f" and {len(self.blocks) - 3} more" if len(self.blocks) > 3 else "")  # noqa: PLR2004 - a line
        around = [
            word for word, given in (("upstream", self.with_upstream), ("downstream", self.with_downstream)) if given
        ]
        tail = f" with {' and '.join(around)}" if around else ""
        return f"{'block' if len(self.blocks) == 1 else 'blocks'} {names}{tail}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project's files and products lie, absolute."""

    project: str
    project_name: str
    data_root: str


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that has been decided and not begun; `graph` holds the blocks that take part.

    `fan_out` says which of them run more than once, `attached` what conditions and callbacks each block has.
    """

    run: str
    place: Place
    pipeline: Pipeline
    graph: dict[str, tuple[str, ...]]
    options: RunOptions
    started: datetime
    fan_out: Fans = NO_FANS
    attached: Mapping[str, Attached] = field(default_factory=dict)
    index: Mapping[str, Block] = field(default_factory=dict)

    def block(self, uuid: str) -> Block:
        """The block of that uuid, which takes part in the run."""
        block = self.index.get(uuid) or self.pipeline.block(uuid)
        assert block is not None
        return block

    def deferred(self, uuid: str) -> bool:
        """Whether the block's outputs are forced to the disk beside the blocks that follow.

        Not where a SQL block follows: it has all processors and the disk to itself.
        """
        if not self.options.deferred or self.pipeline.run_in_one_process or self.fan_out.fanned(uuid):
            return False
        if dynamic_settings(self.block(uuid).configuration).parent:
            return False
        after = [self.block(other) for other, upstream in self.graph.items() if uuid in upstream]
        return not any(block.language == "sql" for block in after)

    def fans(self) -> Fans:
        """Which blocks run more than once."""
        return self.fan_out

    def policies(self) -> dict[str, RetryPolicy]:
        """The retry policy of each block: the block's own keys over the pipeline's, and those over the project's."""
        shared = {**self.options.retry_config, **self.pipeline.retry_config}
        return {uuid: retry_policy({**shared, **self.block(uuid).retry_config}) for uuid in self.graph}


def make_plan(run: str, place: Place, pipeline: Pipeline, options: RunOptions, started: datetime) -> RunPlan:
    """Decide a run.

    Raises:
        UnsupportedError: the pipeline is of a kind that does not run block by block, or none of its blocks runs.
        BlockNotFoundError: `options.blocks` names a block that the pipeline does not have.
        GraphInvalidError: there is a cycle.
    """
    if pipeline.type not in {PipelineType.PYTHON, PipelineType.PYSPARK, PipelineType.DATABRICKS}:
        raise UnsupportedError(
            f"running pipeline {pipeline.uuid}: this version does not run type {pipeline.declared_type}",
            hint="This version runs pipelines of type python.",
        )
    graph = _runnable_graph(pipeline, options)
    selected = _selected(pipeline, graph, options)
    if not selected:
        raise UnsupportedError(
            f"running pipeline {pipeline.uuid}: it has no block that runs",
            hint="Add a data_loader, transformer, data_exporter or custom block.",
        )
    ordered = topological_order({uuid: parents for uuid, parents in graph.items() if uuid in selected})
    return RunPlan(
        run,
        place,
        pipeline,
        {uuid: graph[uuid] for uuid in ordered},
        options,
        started,
        fan_out=fan_out_of(pipeline, graph, selected, options),
        attached=attached_to(pipeline, place.project),
        index={block.uuid: block for block in pipeline.blocks},
    )


def fan_out_of(
    pipeline: Pipeline, graph: Mapping[str, tuple[str, ...]], selected: set[str], options: RunOptions
) -> Fans:
    """Which blocks run more than once, by the settings of the whole pipeline."""
    settings = {
        block.uuid: dynamic_settings(block.configuration)
        for block in pipeline.blocks
        if {"dynamic", "reduce_output", "reduce_output_upstream"} & block.configuration.keys()
    }
    if not any(given.parent for given in settings.values()):
        return NO_FANS
    around = selected | ancestors(graph, selected)
    order = topological_order({uuid: graph[uuid] for uuid in graph if uuid in around})
    axes = axes_of(graph, order, settings)
    taking_part = {uuid: axes[uuid] for uuid in axes if uuid in selected}
    streaming = {uuid for uuid in settings if uuid in selected and in_stream_mode(pipeline, settings[uuid])}
    return Fans(
        taking_part,
        {},
        options.most_children or MOST_CHILDREN,
        options.cut_children,
        options.children_at_once,
        streams_of(taking_part, [uuid for uuid in order if uuid in selected], streaming),
        above={uuid: axes[uuid] for uuid in axes if uuid not in selected and any(axis.fans for axis in axes[uuid])},
    )


def in_stream_mode(pipeline: Pipeline, settings: DynamicSettings) -> bool:
    """Whether children of that block begin while it yields; where all blocks share one process, none could."""
    return settings.stream and bool(settings.parent) and not pipeline.run_in_one_process


def _runnable_graph(pipeline: Pipeline, options: RunOptions) -> dict[str, tuple[str, ...]]:
    """Blocks that make a block run -> their upstreams that take a place among the function's arguments.

    Blocks of kinds that this version does not run are among them: each fails by itself, and the others run.
    A sensor has no output and yet takes a place; markdown, scratchpads and charts take none.
    """
    silent = {block.uuid for block in pipeline.blocks if block.type in _NO_ARGUMENT}
    left_out = {BlockType.SENSOR} if options.skip_sensors else set()
    return {
        block.uuid: tuple(parent for parent in block.upstream if parent not in silent)
        for block in pipeline.blocks
        if block.type in (RUNNABLE_TYPES | _NOT_YET) - left_out
    }


def _selected(pipeline: Pipeline, graph: Mapping[str, tuple[str, ...]], options: RunOptions) -> set[str]:
    if not options.blocks:
        return set(graph)
    for uuid in options.blocks:
        if uuid not in graph:
            raise _no_such_block(pipeline, graph, uuid)
    chosen = set(options.blocks)
    if options.with_downstream:
        chosen |= descendants(graph, chosen)
    return chosen | (ancestors(graph, chosen) if options.with_upstream else set())


def check_runnable(plan: RunPlan, uuid: str) -> None:
    """Refuse one block of a run, so that only it and what depends on it fail.

    Raises:
        UnsupportedError: this version does not run blocks of its type.
        GraphInvalidError: one of its upstreams is not a block of the pipeline.
    """
    block = plan.block(uuid)
    if block.type in _NOT_YET:
        raise UnsupportedError(
            f"running block {uuid}: this version does not run {block.declared_type or block.type} blocks",
            hint="The blocks that do not depend on it run; see docs/compatibility.md for what is to come.",
        )
    for parent in plan.graph[uuid]:
        if plan.pipeline.block(parent) is None:
            raise GraphInvalidError(
                f"running block {uuid}: it names {parent} as upstream, which is not a block of the pipeline",
                hint=f"Remove {parent} from the block's upstream_blocks, or add the block.",
            )


def _no_such_block(pipeline: Pipeline, graph: Mapping[str, tuple[str, ...]], uuid: str) -> Exception:
    block = pipeline.block(uuid)
    if block is not None:
        return UnsupportedError(
            f"running block {uuid} of pipeline {pipeline.uuid}: {block.declared_type or block.type} blocks do not run",
            hint=f"Blocks that run: {', '.join(graph) or 'none'}.",
        )
    near = get_close_matches(uuid, list(graph), n=1)
    return BlockNotFoundError(
        f"running block {uuid}: pipeline {pipeline.uuid} has no block of that name",
        hint=f"Did you mean {near[0]}?" if near else f"Its blocks: {', '.join(graph) or 'none'}.",
    )


def retry_policy(config: Mapping[str, Any]) -> RetryPolicy:
    """The policy that a `retry_config` describes; text that is a number counts as one.

    Raises:
        SettingInvalidError: a value is not a number.
    """
    default = RetryPolicy()
    return RetryPolicy(
        retries=int(_number(config, "retries", default.retries)),
        delay=_number(config, "delay", default.delay),
        max_delay=_number(config, "max_delay", default.max_delay),
        exponential=bool(config.get("exponential_backoff", default.exponential)),
    )


def _number(config: Mapping[str, Any], key: str, default: float) -> float:
    value = config.get(key)
    if value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        raise SettingInvalidError(
            f"reading retry_config: {key} is {value!r}, not a number", hint=f"Write {key} as a number."
        ) from None


def work_order(
    plan: RunPlan,
    uuid: str,
    fence: Fence,
    inputs: tuple[InputOrder, ...],
    *,
    failed_attempts: int = 0,
    child: Unit | None = None,
) -> WorkOrder:
    """The order for one attempt.

    Args:
        plan: the run that it belongs to.
        uuid: the block to run.
        fence: the right to publish that was issued for this attempt.
        inputs: what it reads, in argument order.
        failed_attempts: how many attempts came before.
        child: which of the block's children it is, if it has any.
    """
    block = plan.block(uuid)
    settings = dynamic_settings(block.configuration)
    attached = plan.attached.get(uuid, NOTHING_ATTACHED)
    interval = _interval(plan)
    builtins = _builtins(plan, block, failed_attempts) | interval.seconds
    if child is not None:
        builtins["dynamic_block_index"] = child.index
    return WorkOrder(
        run=plan.run,
        attempt=fence.token,
        fence=fence,
        project=plan.place.project,
        project_name=plan.place.project_name,
        data_root=plan.place.data_root,
        pipeline=plan.pipeline.uuid,
        partition=plan.options.partition,
        block=block_order(block, plan.graph[uuid]),
        inputs=inputs,
        variables={**plan.pipeline.variables, **plan.options.variables},
        builtins=builtins,
        datetimes={"execution_date": _date(plan).isoformat(), **interval.datetimes},
        run_tests=plan.options.run_tests,
        limits=Limits(memory=plan.options.memory_limit or block_memory(), seconds=block.timeout or None),
        remote_blocks=tuple(dict(each) for each in plan.options.remote_blocks),
        allow_pickle=plan.options.allow_pickle,
        keep_in_memory=plan.pipeline.run_in_one_process and plan.pipeline.cache_output_in_memory,
        conditions=attached.conditions,
        callbacks=attached.callbacks,
        dynamic=bool(settings.parent),
        stream=in_stream_mode(plan.pipeline, settings),
        tell_parts=child is None and plan.fan_out.streaming(uuid),
        child=child.label if child is not None else "",
        stored_in=plan.options.stored_in,
        deferred=child is None and plan.deferred(uuid),
    )


def session_order(place: Place, pipeline: Pipeline, block: Block, started: datetime) -> WorkOrder:
    """The order that makes a process the session of a scratchpad."""
    plan = RunPlan("", place, pipeline, {block.uuid: ()}, RunOptions(), started)
    limits = Limits(memory=block_memory())
    return replace(work_order(plan, block.uuid, Fence("", block.uuid, 0), ()), interactive=True, limits=limits)


def block_memory() -> int | None:
    """Bytes that a block may take where nobody says otherwise; None for no limit.

    Raises:
        SettingInvalidError: PENSTOCK_BLOCK_MEMORY is no number.
    """
    megabytes = int(environment.read("PENSTOCK_BLOCK_MEMORY"))
    return megabytes << 20 if megabytes > 0 else None


def _builtins(plan: RunPlan, block: Block, failed_attempts: int) -> dict[str, Any]:
    occasion = plan.options.occasion
    moment = _date(plan)
    found = _of_event(plan)
    found |= {
        "env": plan.options.environment,
        "ds": moment.strftime("%Y-%m-%d"),
        "hr": moment.strftime("%H"),
        "execution_partition": partition_name(plan),
        "pipeline_uuid": plan.pipeline.uuid,
        "block_uuid": block.uuid,
        "repo_path": plan.place.project,
        "retry": {"attempts": failed_attempts},
    }
    if plan.run:
        found["pipeline_run_id"] = plan.run
    if occasion and occasion.trigger:
        found["trigger_name"] = occasion.trigger
    return found


def _of_event(plan: RunPlan) -> dict[str, Any]:
    """What the event of a run sets: `event` itself, over a variable of that name, and each key that no variable has.

    Like the execution date it is what a run was made for, and no variable: other runs do not make its outputs stale.
    """
    event = plan.options.occasion.event if plan.options.occasion else {}
    given = plan.options.variables.get("event", plan.pipeline.variables.get("event"))
    if isinstance(given, Mapping):
        whole: Any = {**given, **event}
    else:
        whole = dict(event) if event or given is None else given
    if not event:
        return {"event": whole}
    loose = event.keys() - plan.pipeline.variables.keys() - plan.options.variables.keys()
    return {**{key: event[key] for key in event if key in loose}, "event": whole}


def _date(plan: RunPlan) -> datetime:
    return plan.options.occasion.execution_date if plan.options.occasion else plan.started


@dataclass(frozen=True, slots=True)
class _Interval:
    """The block variables of a run's interval: moments as ISO 8601 text, and its length."""

    datetimes: dict[str, str]
    seconds: dict[str, int]


def _interval(plan: RunPlan) -> _Interval:
    """The interval that a schedule or a backfill gave the run; of any other the day that begins at its execution date.

    That day is but a default: a variable that has one of these names stays.
    """
    occasion = plan.options.occasion or Occasion(plan.started)
    start, end = occasion.interval_start or _date(plan), occasion.interval_end
    variables: Mapping[str, Any] = {}
    if end is None:
        end, variables = _later(start, _DAY), {**plan.pipeline.variables, **plan.options.variables}
    datetimes = {
        "interval_start_datetime": start.isoformat(),
        "interval_end_datetime": end.isoformat(),
        "interval_start_datetime_previous": _later(start, start - end).isoformat(),
    }
    seconds = {"interval_seconds": int((end - start).total_seconds())}
    return _Interval(
        {name: value for name, value in datetimes.items() if name not in variables},
        {name: value for name, value in seconds.items() if name not in variables},
    )


def _later(moment: datetime, span: timedelta) -> datetime:
    """So much later, or earlier; the moment itself where the calendar ends before."""
    try:
        return moment + span
    except OverflowError:
        return moment


def partition_name(plan: RunPlan) -> str:
    """What the block variable `execution_partition` says: the run's partition, or its start."""
    if plan.options.partition != UNPARTITIONED:
        return plan.options.partition
    if plan.options.occasion is not None and plan.options.occasion.partition:
        return plan.options.occasion.partition
    return plan.started.strftime("%Y%m%dT%H%M%S_%f")


def new_run_id(now: datetime, salt: str) -> str:
    """A run's id: its start in UTC and a few characters that tell runs of the same microsecond apart."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S-%f}-{re.sub(r'[^0-9a-z]', '', salt.lower())[:6]}"

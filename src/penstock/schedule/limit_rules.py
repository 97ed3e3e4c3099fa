"""Which limits hold for a pipeline: read from its file, the project's and the environment.

| key | where | limits |
|---|---|---|
| `concurrency_config.pipeline_run_limit_all_pipelines` | project | runs of the whole project at once |
| `concurrency_config.pipeline_run_limit_all_triggers` | pipeline, else project | runs of the pipeline at once |
| `concurrency_config.pipeline_run_limit` | trigger, pipeline, project, environment | runs of one trigger at once |
| `concurrency_config.block_run_limit_per_block_uuid` | project | runs of a block at once: number, or block -> number |
| `resources` | project | units that there are of each named resource |
| `resources` | a block's entry | units that one run of the block takes: name -> units, or a list of names |

How many blocks of one run work at once (`concurrency_config.block_run_limit` of the pipeline, else of the project, else
of the environment) is the run loop's to keep; it is here to be told.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from penstock.config import environment
from penstock.model.errors import PenstockError
from penstock.model.pipeline import Pipeline
from penstock.model.trigger import OnLimit
from penstock.project import Project
from penstock.project.layout import METADATA, PIPELINES, is_inside

_MOST_KEPT = 20_000
_MOST = 1_000_000_000
"""No limit counts further, and every database holds the number."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of a pipeline; None where there is none.

    `project` counts runs of all pipelines, `pipeline` those of this one, `trigger` those of each of its triggers;
    `per_block` and `every_block` runs of a block, whatever the run and the pipeline. `takes` says what each block
    needs of named resources, `capacity` what there is of them; a resource that the project does not declare has one
    unit. `away` says why the project cannot be had just now, so that no run begins. `run_blocks` counts the blocks of
    one run, of which one works at a time when it runs `in_one_process`.
    """

    project: int | None = None
    pipeline: int | None = None
    trigger: int | None = None
    per_block: Mapping[str, int] = field(default_factory=dict)
    every_block: int | None = None
    on_limit: OnLimit = OnLimit.WAIT
    priority: int = 0
    takes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)
    run_blocks: int | None = None
    away: str = ""
    in_one_process: bool = False

    def wanted(self, block: str) -> dict[str, tuple[int, int]]:
        """What a run of a block takes before it starts: key -> units, and how many there are of it."""
        found: dict[str, tuple[int, int]] = {}
        for name, units in self.takes.get(block, {}).items():
            capacity = max(1, self.capacity.get(name, 1))
            # One that asks for more than there is would wait for ever; it gets all there is.
            found[f"resource:{name}"] = (min(units, capacity), capacity)
        limit = self.per_block.get(block, self.every_block)
        if limit is not None:
            found[f"block:{block}"] = (1, limit)
        return found


class RuleBook:
    """The rules of each pipeline, read again when a file has changed. For one thread.

    Args:
        project: gives the project as it is now.
    """

    def __init__(self, project: Callable[[], Project]) -> None:
        self._project = project
        self._known: dict[str, tuple[tuple[int, ...], Project, Rules]] = {}

    def __call__(self, pipeline: str) -> Rules:
        """The rules of a pipeline; the project's alone for one that cannot be read: its run will say why.

        Of a project that cannot be had they are the last known ones: its folder may be back in a moment.
        """
        try:
            project = self._project()
        except PenstockError as error:
            known = self._known.get(pipeline)
            return replace(known[2] if known is not None else Rules(), away=error.message)
        stamp = _stamp(project, pipeline)
        known = self._known.get(pipeline)
        if known is not None and known[0] == stamp and known[1] is project:
            return known[2]
        try:
            rules = rules_of(project, project.pipeline(pipeline))
        except (PenstockError, OSError):
            rules = rules_of(project, None)
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[pipeline] = (stamp, project, rules)
        return rules


def rules_of(project: Project, pipeline: Pipeline | None) -> Rules:
    """The rules of a pipeline, those of its own file over the project's over the environment's."""
    of_project = project.settings.concurrency_config
    own: Mapping[str, Any] = pipeline.concurrency_config if pipeline is not None else {}
    merged = {**of_project, **{key: value for key, value in own.items() if value is not None}}
    per_block = of_project.get("block_run_limit_per_block_uuid")
    takes = (
        {block.uuid: found for block in pipeline.blocks if (found := _units(block.raw.get("resources")))}
        if (pipeline is not None)
        else {}
    )
    capacity = project.settings.raw.get("resources")
    return Rules(
        project=_limit(of_project.get("pipeline_run_limit_all_pipelines")),
        pipeline=_limit(merged.get("pipeline_run_limit_all_triggers")),
        trigger=_limit(merged.get("pipeline_run_limit")) or _limit(_environment()),
        per_block=_units(per_block) if isinstance(per_block, Mapping) else {},
        every_block=None if isinstance(per_block, Mapping) else _limit(per_block),
        on_limit=_on_limit(merged.get("on_pipeline_run_limit_reached")) or OnLimit.WAIT,
        priority=_whole(merged.get("pipeline_run_priority")),
        takes=takes,
        capacity=_units(capacity),
        run_blocks=_run_blocks(project, pipeline) if pipeline is not None else None,
        in_one_process=pipeline is not None and runs_in_one_process(pipeline),
    )


def runs_in_one_process(pipeline: Pipeline) -> bool:
    """Whether its blocks run one after the other in one process, as it says, else as the environment does."""
    if "run_pipeline_in_one_process" in pipeline.raw:
        return pipeline.run_in_one_process
    return pipeline.run_in_one_process or environment.flag("RUN_PIPELINE_IN_ONE_PROCESS")


def block_run_limit(project: Project, pipeline: Pipeline) -> Any:
    """`block_run_limit` as the pipeline says it, else the project, else the environment; None where none does."""
    for said in (pipeline.concurrency_config, project.settings.concurrency_config):
        if said.get("block_run_limit") is not None:
            return said["block_run_limit"]
    return environment.read("CONCURRENCY_CONFIG_BLOCK_RUN_LIMIT") or None


def trigger_limit(rules: Rules, settings: Mapping[str, Any]) -> int | None:
    """How many runs of a trigger may be under way, by the settings of one of its runs."""
    return _limit(settings.get("pipeline_run_limit")) or rules.trigger


def on_limit(rules: Rules, settings: Mapping[str, Any]) -> OnLimit:
    """What becomes of a run for which there is no room, by its settings."""
    return _on_limit(settings.get("on_limit")) or rules.on_limit


def _run_blocks(project: Project, pipeline: Pipeline) -> int | None:
    """As the run loop counts."""
    try:
        value = block_run_limit(project, pipeline)
    except PenstockError:
        return None  # `penstock check` says what is wrong with it
    return int(min(value, _MOST)) if isinstance(value, int | float) and value >= 1 else None


def _stamp(project: Project, pipeline: str) -> tuple[int, ...]:
    if not is_inside(pipeline):
        return ()
    try:
        place = f"{project.root}/{PIPELINES}/{pipeline}/{METADATA}"
        found = os.stat(place)  # noqa: PTH116 - asked for each waiting run, and each block that starts
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _environment() -> Any:
    try:
        return environment.read("CONCURRENCY_CONFIG_PIPELINE_RUN_LIMIT")
    except PenstockError:
        return None  # `penstock check` says what is wrong with it


def _limit(value: Any) -> int | None:
    """A limit as written; None for none, which is also what 0 and everything unreadable means."""
    return _whole(value) or None if _whole(value) > 0 else None


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        return 0
    try:
        return min(int(value), _MOST)
    except (TypeError, ValueError, OverflowError):
        return 0


def _on_limit(value: Any) -> OnLimit | None:
    try:
        return OnLimit(str(value).strip().lower())
    except ValueError:
        return None


def _units(value: Any) -> dict[str, int]:
    """Units by name: from a map, or one of each of a list."""
    match value:
        case Mapping():
            return {str(name): _whole(units) for name, units in value.items() if _whole(units) > 0}
        case list():
            return {str(name): 1 for name in value if isinstance(name, str | int)}
        case str() if value.strip():
            return {value.strip(): 1}
        case _:
            return {}

"""Rules about limits, named resources and retries that are written and not read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model.trigger import OnLimit
from penstock.project.layout import METADATA
from penstock.project.load import setting_place
from penstock.project.rule import Rule
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView

_LIMITS = ("block_run_limit", "pipeline_run_limit", "pipeline_run_limit_all_triggers")
_OF_PROJECT = ("pipeline_run_limit_all_pipelines",)
_PER_BLOCK = "block_run_limit_per_block_uuid"
_PRIORITY = "pipeline_run_priority"
_ON_LIMIT = "on_pipeline_run_limit_reached"
_RETRIES = ("retries", "delay", "max_delay", "exponential_backoff")

_Finding = tuple[tuple[str, ...], str, str]
"""The steps to a key, what is wrong, and what to write."""


class LimitNotRead(Rule):
    """A limit, a named resource or a retry has a key or a value that is none, so it does not hold.

    Keys of `concurrency_config`, `resources` and `retry_config`, of the project, a pipeline or a block.
    """

    code, severity = "PS056", Severity.WARNING


class LimitsOfProject(LimitNotRead, CheckingRule[ProjectView]):
    """What the project says."""

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for each."""
        settings = subject.settings
        found = [
            *_odd_limits(settings.concurrency_config, of_project=True),
            *_odd_units(settings.raw.get("resources"), listed=False),
            *_odd_keys(settings.raw.get("retry_config"), "retry_config", _RETRIES),
        ]
        for steps, message, hint in found:
            place = setting_place(subject.root / METADATA, steps)
            yield self.found(f"project {subject.name}: {'.'.join(steps)}: {message}", hint=hint, location=place)


class LimitsOfPipeline(LimitNotRead, CheckingRule[PipelineSubject]):
    """What a pipeline and its blocks say."""

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding for each."""
        pipeline = subject.pipeline
        found = [
            *_odd_limits(pipeline.concurrency_config, of_project=False),
            *_odd_keys(pipeline.raw.get("retry_config"), "retry_config", _RETRIES),
        ]
        for steps, message, hint in found:
            yield self.found(
                f"pipeline {pipeline.uuid}: {'.'.join(steps)}: {message}",
                hint=hint,
                location=subject.reading.document.locate(steps),
                pipeline=pipeline.uuid,
            )
        for block in pipeline.blocks:
            own = [
                *_odd_units(block.raw.get("resources"), listed=True),
                *_odd_keys(block.raw.get("retry_config"), "retry_config", _RETRIES),
            ]
            for steps, message, hint in own:
                place = subject.reading.locate(block.uuid, *steps)
                yield subject.tell(type(self), block, f"{'.'.join(steps)}: {message}", hint, place)


def _odd_limits(config: Mapping[str, Any], *, of_project: bool) -> Iterator[_Finding]:
    top = "concurrency_config"
    limits = (*_LIMITS, *_OF_PROJECT) if of_project else _LIMITS
    yield from _odd_keys(config, top, (*limits, *((_PER_BLOCK,) if of_project else ()), _PRIORITY, _ON_LIMIT))
    for key, value in config.items():
        if value is None:
            continue
        if (key in limits and not _is_count(value)) or (key == _PRIORITY and not _is_whole(value)):
            yield (top, key), f"{_shown(value)} is no whole number, so it has no effect", "Write a whole number."
        elif key == _ON_LIMIT and str(value).strip().lower() not in set(OnLimit):
            yield (top, key), f"{_shown(value)} is none of wait and skip; runs wait", "Write wait or skip."
        elif key == _PER_BLOCK and of_project:
            of_blocks = value if isinstance(value, Mapping) else {"": value}
            for block, count in of_blocks.items():
                if not _is_count(count):
                    steps = (top, key, str(block)) if isinstance(value, Mapping) else (top, key)
                    yield steps, f"{_shown(count)} is no whole number, so it has no effect", "Write a whole number."


def _odd_units(units: Any, *, listed: bool) -> Iterator[_Finding]:
    """Named resources; `listed` says that names alone will do."""
    if units is None or (listed and (isinstance(units, str) or _is_list_of_names(units))):
        return
    if not isinstance(units, Mapping):
        yield ("resources",), "it is no map of names to units, so it has no effect", "Write such as {warehouse: 1}."
        return
    for name, count in units.items():
        if not _is_count(count):
            what = f"{_shown(count)} is no number of units, so it has no effect"
            yield ("resources", str(name)), what, "Write a whole number."


def _odd_keys(config: Any, top: str, known: Collection[str]) -> Iterator[_Finding]:
    if not isinstance(config, Mapping):
        return  # told by what reads it
    for key in config:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            yield (top, str(key)), "there is no such setting here, so it has no effect", hint


def _is_list_of_names(units: Any) -> bool:
    return isinstance(units, list) and all(isinstance(name, str | int) for name in units)


def _is_count(value: Any) -> bool:
    return _is_whole(value) and int(value) >= 0


def _is_whole(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and int(value) == float(value)
    except (TypeError, ValueError, OverflowError):
        return False


def _shown(value: Any) -> str:
    return str(value)[:40]

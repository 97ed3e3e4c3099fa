"""What starts runs: a trigger, its schedule and its settings, as values.

When a time trigger is due is computed in `model.slots`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from penstock.model.cron import Cron, parse_cron


class TriggerKind(StrEnum):
    """What a trigger waits for; the first three are Mage's `schedule_type`, the last is ours."""

    TIME = "time"
    API = "api"
    EVENT = "event"
    DEPENDENCY = "dependency"


class Preset(StrEnum):
    """The schedules that have a name."""

    ONCE = "@once"
    HOURLY = "@hourly"
    DAILY = "@daily"
    WEEKLY = "@weekly"
    MONTHLY = "@monthly"
    ALWAYS_ON = "@always_on"


class MissedPolicy(StrEnum):
    """What becomes of slots that passed while nothing could run them."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class OnLimit(StrEnum):
    """What becomes of a run for which there is no room."""

    WAIT = "wait"
    SKIP = "skip"


_CRONS = {
    Preset.HOURLY: "0 * * * *",
    Preset.DAILY: "0 0 * * *",
    Preset.WEEKLY: "0 0 * * 1",
    Preset.MONTHLY: "0 0 1 * *",
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a time trigger is due. `text` as it was written; one of `preset` and `cron` is set, or both."""

    text: str
    preset: Preset | None = None
    cron: Cron | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a dependency trigger waits for: a run of a pipeline that succeeded, perhaps of one trigger, or a product.

    `product` is the block whose output must have been published; "" for the whole pipeline.
    """

    pipeline: str
    trigger: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How calls of an API trigger are signed: the name of the secret, and how old, in seconds, a call may be."""

    secret: str
    tolerance_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """How the runs of a trigger behave; the defaults are Mage's. `timeout` is in seconds, None for no limit."""

    skip_if_previous_running: bool = False
    allow_blocks_to_fail: bool = False
    create_initial_pipeline_run: bool = False
    landing_time_enabled: bool = False
    pipeline_run_limit: int | None = None
    timeout: float | None = None
    timeout_status: str = "failed"
    time_zone: str = "UTC"
    missed_runs: MissedPolicy = MissedPolicy.LAST
    missed_runs_limit: int = 100
    priority: int = 0
    on_limit: OnLimit | None = None
    after: tuple[Upstream, ...] = ()
    webhook: Webhook | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger of a pipeline. Times are aware; `sla` is in seconds, None for no promise.

    `has_token` says whether the file holds a token in plain text; the text itself is no part of this value.
    """

    pipeline: str
    name: str
    kind: TriggerKind
    schedule: Schedule | None = None
    active: bool = False
    start_time: datetime | None = None
    last_enabled_at: datetime | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    sla: float | None = None
    description: str = ""
    tags: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    event_matchers: tuple[Mapping[str, Any], ...] = ()
    settings: TriggerSettings = field(default_factory=TriggerSettings)


@dataclass(frozen=True, slots=True)
class Slot:
    """One moment for which a trigger makes exactly one run; all times are in UTC.

    `logical` is the execution date, and what the slot is known by; `due` is when the run is to start. The interval goes
    from this boundary of the schedule to the next. `landing` is when the run is to have ended, with a landing time.
    """

    logical: datetime
    due: datetime
    interval_start: datetime
    interval_end: datetime
    landing: datetime | None = None


@lru_cache(maxsize=8192)
def parse_schedule(text: str) -> Schedule:
    """A schedule from a preset or a cron expression.

    Raises:
        ScheduleInvalidError: it is neither.
    """
    written = text.strip()
    try:
        preset = Preset(written.lower())
    except ValueError:
        return Schedule(written, None, parse_cron(written))
    return Schedule(written, preset, parse_cron(_CRONS[preset]) if preset in _CRONS else None)

"""Reads one entry of a triggers.yaml. What is odd gives a finding; what would start at a wrong time gives a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from penstock.model.errors import ScheduleInvalidError
from penstock.model.trigger import (
    MissedPolicy,
    OnLimit,
    Schedule,
    Trigger,
    TriggerKind,
    TriggerSettings,
    Upstream,
    Webhook,
    parse_schedule,
)
from penstock.model.wall_clock import zone
from penstock.project.trigger_rules import (
    IgnoredTriggerValue,
    InvalidTrigger,
    PlainToken,
    UnknownEnvironment,
    UnknownTriggerKey,
)
from penstock.project.values import Path, Values, name_of

ENVIRONMENTS = ("dev", "staging", "prod", "production", "test", "test_mage")
"""The environments that Mage knows."""
KEYS = frozenset(
    {
        *("name", "schedule_type", "schedule_interval", "start_time", "status", "last_enabled_at", "variables", "sla"),
        *("description", "token", "envs", "tags", "pipeline_uuid", "repo_path", "settings", "event_matchers", "id"),
        "global_data_product_uuid",
    }
)
"""The keys of a trigger, Mage's and ours."""
SETTINGS = frozenset(TriggerSettings.__slots__) | {"invalid_schedule_interval"}
_FLAGS = (
    "skip_if_previous_running",
    "allow_blocks_to_fail",
    "create_initial_pipeline_run",
    "landing_time_enabled",
)
MADE_BY_MAGE = "GLOBAL_DATA_PRODUCT_TRIGGER"
"""The trigger that Mage writes beside others when a global data product makes its pipeline run."""
_MOST = 2**31
MOST_MISSED = 1000
"""Runs that are made up for at once, whatever a trigger says."""
_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class TriggerEntry:
    """One entry: the trigger it declares, and why it cannot start, in words; "" when it can.

    `written` is the schedule as it stands in the file, `token` a token in plain text. `path` is where the entry is,
    `earlier` where others of its name are, which do not count beside it.
    """

    trigger: Trigger
    problem: str = ""
    written: str = ""
    token: str = field(default="", repr=False)
    path: Path = ()
    earlier: tuple[Path, ...] = ()


@dataclass(slots=True)
class _Entry:
    """An entry being read."""

    values: Values
    raw: Mapping[str, Any]
    path: Path
    name: str
    problems: list[str] = field(default_factory=list)

    def problem(self, key: str, message: str, hint: str) -> None:
        """Tell what keeps the trigger from starting."""
        self.problems.append(message)
        self.values.tell(InvalidTrigger, (*self.path, key), f"trigger {self.name}: {message}", hint)

    def ignored(self, keys: Path, message: str, hint: str) -> None:
        """Tell that a default stands in for a value."""
        self.values.tell(IgnoredTriggerValue, (*self.path, *keys), f"trigger {self.name}: {message}", hint)


def read_entry(values: Values, raw: Mapping[str, Any], path: Path, name: str) -> TriggerEntry:
    """The trigger of an entry; findings go to `values`."""
    entry = _Entry(values, raw, path, name)
    _misspelled(entry, raw, KEYS, ())
    given = raw.get("settings")
    if given is not None and not isinstance(given, Mapping):
        entry.ignored(("settings",), f"settings is {name_of(given)}; the defaults are used", "Write keys below it.")
    settings, place = _settings(entry, given if isinstance(given, Mapping) else {})
    kind = _kind(entry)
    written = _plain_text(raw.get("schedule_interval"))
    trigger = Trigger(
        pipeline=values.pipeline,
        name=name,
        kind=kind,
        schedule=_schedule(entry, written) if kind is TriggerKind.TIME else None,
        active=_is_active(entry),
        start_time=_moment(entry, "start_time", place),
        last_enabled_at=_moment(entry, "last_enabled_at", UTC),
        variables=_variables(entry),
        sla=values.number(raw.get("sla"), (*path, "sla")) or None,
        description=values.text(raw.get("description"), (*path, "description")),
        tags=values.texts(raw.get("tags"), (*path, "tags")),
        envs=_envs(entry),
        event_matchers=_matchers(entry),
        settings=settings,
    )
    if kind is TriggerKind.DEPENDENCY and not settings.after:
        entry.problem("settings", "it waits for nothing", "Name a pipeline: settings: {after: [{pipeline: orders}]}.")
    if kind is TriggerKind.EVENT and not any(each["pattern"] for each in trigger.event_matchers):
        hint = "Write event_matchers: [{event_type: ..., name: ..., pattern: {key: value}}]."
        entry.problem("event_matchers", "it hears no event", hint)
    return TriggerEntry(trigger, "; ".join(entry.problems), written, _token(entry), path)


def _kind(entry: _Entry) -> TriggerKind:
    given = entry.raw.get("schedule_type")
    if given is None and entry.raw.get("schedule_interval"):
        entry.ignored(("schedule_type",), "it has no schedule_type; time is taken", "Add schedule_type: time.")
        return TriggerKind.TIME
    try:
        return TriggerKind(str(given).strip())
    except ValueError:
        hint = f"Write one of {', '.join(TriggerKind)}."
        entry.problem("schedule_type", f"schedule_type is {name_of(given)}", hint)
        return TriggerKind.TIME if entry.raw.get("schedule_interval") else TriggerKind.API


def _schedule(entry: _Entry, written: str) -> Schedule | None:
    if isinstance(entry.raw.get("schedule_interval"), Mapping | list):
        entry.problem("schedule_interval", "schedule_interval is no text", "Write @daily, or such as '0 6 * * 1'.")
        return None
    if not written and entry.name == MADE_BY_MAGE:
        message = "it has no schedule, as Mage made it for a global data product; nothing starts it"
        entry.problems.append(message)
        entry.ignored(("schedule_interval",), message, "Remove it; the product starts its pipeline by itself.")
        return None
    try:
        return parse_schedule(written)
    except ScheduleInvalidError as error:
        entry.problem("schedule_interval", f"schedule_interval: {error.message}", error.hint)
        return None


def _is_active(entry: _Entry) -> bool:
    given = entry.raw.get("status")
    status = _plain_text(given).lower()
    if status not in {"", "active", "inactive"}:
        entry.ignored(("status",), f"status is {name_of(given)}; it counts as inactive", "Write active or inactive.")
    return status == "active"


def _moment(entry: _Entry, key: str, place: tzinfo) -> datetime | None:
    """A time of the file; one without offset is in `place`."""
    given = entry.raw.get(key)
    if given is None or given == "":
        return None
    found: datetime | None = None
    if isinstance(given, datetime):
        found = given
    elif isinstance(given, date):
        found = datetime.combine(given, time())
    elif isinstance(given, str):
        try:
            found = datetime.fromisoformat(given.strip())
        except ValueError:
            found = None
    if found is None:
        entry.problem(key, f"{key} is {name_of(given)}, which is no date", "Write such as 2024-01-31 06:00:00.")
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=place)).astimezone(UTC)
    except OverflowError:  # at the ends of the calendar
        return found.replace(tzinfo=UTC)


def _variables(entry: _Entry) -> Mapping[str, Any]:
    given = entry.raw.get("variables")
    if given is not None and given != "" and not isinstance(given, Mapping):
        entry.problem("variables", f"variables is {name_of(given)}", "Write names and values below it.")
        return {}
    return {str(key): value for key, value in (given or {}).items()}


def _envs(entry: _Entry) -> tuple[str, ...]:
    path = (*entry.path, "envs")
    envs = entry.values.texts(entry.raw.get("envs"), path)
    unknown = [env for env in envs if env not in ENVIRONMENTS]
    if unknown:
        message = f"trigger {entry.name}: envs names {', '.join(unknown)}"
        entry.values.tell(UnknownEnvironment, path, message, f"Mage knows {', '.join(ENVIRONMENTS[:3])} and test.")
    return envs


def _matchers(entry: _Entry) -> tuple[Mapping[str, Any], ...]:
    given = entry.raw.get("event_matchers")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    usable = tuple(each for each in listed if isinstance(each, Mapping) and isinstance(each.get("pattern"), Mapping))
    if len(usable) != len(listed):
        hint = "Write a list of {event_type, name, pattern}."
        entry.problem("event_matchers", "event_matchers has one without a pattern", hint)
    return usable


def _token(entry: _Entry) -> str:
    token = _plain_text(entry.raw.get("token"))
    if token:
        message = f"trigger {entry.name}: its token can be read by everyone who reads this file"
        hint = "Remove it here and make one in the studio, which keeps its hash alone."
        entry.values.tell(PlainToken, (*entry.path, "token"), message, hint)
    return token


def _settings(entry: _Entry, given: Mapping[str, Any]) -> tuple[TriggerSettings, tzinfo]:
    values, path = entry.values, (*entry.path, "settings")
    _misspelled(entry, given, SETTINGS, ("settings",))
    name = _plain_text(given.get("time_zone")) or "UTC"
    place: tzinfo = UTC
    try:
        place = zone(name)
    except ScheduleInvalidError as error:
        entry.problem("settings", f"time_zone: {error.message}", error.hint)
        name = "UTC"

    def number(key: str) -> float | None:
        return values.number(given.get(key), (*path, key))

    limit = number("pipeline_run_limit")
    missed_limit = number("missed_runs_limit")
    status = _plain_text(given.get("timeout_status")).lower()
    if status not in {"", "failed", "cancelled"}:
        message = f"timeout_status is {name_of(given['timeout_status'])}; failed is used"
        entry.ignored(("settings", "timeout_status"), message, "Write failed or cancelled.")
        status = ""
    flags = {key: values.flag(given.get(key)) for key in _FLAGS}
    settings = TriggerSettings(
        **flags,
        pipeline_run_limit=int(limit) if limit else None,
        timeout=number("timeout") or None,
        timeout_status=status or "failed",
        time_zone=name,
        missed_runs=_choice(entry, given, "missed_runs", MissedPolicy) or MissedPolicy.LAST,
        missed_runs_limit=min(int(missed_limit), MOST_MISSED) if missed_limit else TriggerSettings().missed_runs_limit,
        priority=_priority(entry, given),
        on_limit=_choice(entry, given, "on_limit", OnLimit),
        after=_after(entry, given),
        webhook=_webhook(entry, given),
    )
    return settings, place


def _choice(entry: _Entry, given: Mapping[str, Any], key: str, choices: type[_Choice]) -> _Choice | None:
    written = given.get(key)
    if written is None or written == "":
        return None
    try:
        return choices(str(written).strip().lower())
    except ValueError:
        hint = f"Write one of {', '.join(choices)}."
        entry.ignored(("settings", key), f"{key} is {name_of(written)}; it is ignored", hint)
        return None


def _priority(entry: _Entry, given: Mapping[str, Any]) -> int:
    written = given.get("priority")
    if written is None or written == "":
        return 0
    if isinstance(written, int) and not isinstance(written, bool) and abs(written) < _MOST:
        return written
    entry.ignored(("settings", "priority"), f"priority is {name_of(written)}; 0 is used", "Write a whole number.")
    return 0


def _after(entry: _Entry, given: Mapping[str, Any]) -> tuple[Upstream, ...]:
    written = given.get("after")
    listed = written if isinstance(written, list) else [] if written is None or written == "" else [written]
    found: list[Upstream] = []
    for each in listed:
        if isinstance(each, str) and each.strip():
            found.append(Upstream(each.strip()))
        elif isinstance(each, Mapping) and _plain_text(each.get("pipeline")):
            found.append(Upstream(*(_plain_text(each.get(key)) for key in ("pipeline", "trigger", "product"))))
        else:
            entry.problem("settings", f"after has {name_of(each)}", "Write a list of {pipeline, trigger, product}.")
    return tuple(found)


def _webhook(entry: _Entry, given: Mapping[str, Any]) -> Webhook | None:
    written = given.get("webhook")
    if written is None or written == "":
        return None
    secret = _plain_text(written.get("secret")) if isinstance(written, Mapping) else ""
    if not isinstance(written, Mapping) or not secret:
        entry.problem("settings", "webhook names no secret", "Write webhook: {secret: NAME_OF_THE_SECRET}.")
        return None
    path = (*entry.path, "settings", "webhook", "tolerance_seconds")
    tolerance = entry.values.number(written.get("tolerance_seconds"), path)
    return Webhook(secret) if tolerance is None else Webhook(secret, tolerance)


def _misspelled(entry: _Entry, given: Mapping[str, Any], known: Iterable[str], above: Path) -> None:
    """Keys that are none, and close to one that has effect; any other unknown key is somebody's own."""
    for key in given:
        near = get_close_matches(str(key), known, n=1, cutoff=0.8) if key not in known else []
        if near:
            message = f"trigger {entry.name}: the key {key} has no effect"
            entry.values.tell(UnknownTriggerKey, (*entry.path, *above, str(key)), message, f"Did you mean {near[0]}?")


def _plain_text(value: Any) -> str:
    return "" if value is None or isinstance(value, Mapping | list) else str(value).strip()

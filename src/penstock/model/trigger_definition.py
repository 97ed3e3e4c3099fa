"""A trigger as the plain values that the state store keeps of it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from penstock.model.trigger import (
    MissedPolicy,
    OnLimit,
    Trigger,
    TriggerKind,
    TriggerSettings,
    Upstream,
    Webhook,
    parse_schedule,
)


def to_definition(trigger: Trigger) -> dict[str, Any]:
    """The trigger as values that JSON can hold: times are ISO texts in UTC, and so are dates in variables."""
    return {
        "pipeline": trigger.pipeline,
        "name": trigger.name,
        "kind": trigger.kind.value,
        "schedule": trigger.schedule.text if trigger.schedule else None,
        "active": trigger.active,
        "start_time": _text(trigger.start_time),
        "last_enabled_at": _text(trigger.last_enabled_at),
        "variables": _plain(trigger.variables),
        "sla": trigger.sla,
        "description": trigger.description,
        "tags": list(trigger.tags),
        "envs": list(trigger.envs),
        "event_matchers": _plain(trigger.event_matchers),
        "settings": settings_values(trigger.settings),
    }


def from_definition(values: Mapping[str, Any]) -> Trigger:
    """The trigger that `to_definition` wrote.

    Raises:
        ScheduleInvalidError: its schedule says no times.
    """
    schedule = values.get("schedule")
    return Trigger(
        pipeline=values["pipeline"],
        name=values["name"],
        kind=TriggerKind(values["kind"]),
        schedule=parse_schedule(schedule) if schedule is not None else None,
        active=values.get("active", False),
        start_time=_moment(values.get("start_time")),
        last_enabled_at=_moment(values.get("last_enabled_at")),
        variables=values.get("variables") or {},
        sla=values.get("sla"),
        description=values.get("description", ""),
        tags=tuple(values.get("tags", ())),
        envs=tuple(values.get("envs", ())),
        event_matchers=tuple(values.get("event_matchers", ())),
        settings=_settings(values.get("settings") or {}),
    )


def settings_values(settings: TriggerSettings) -> dict[str, Any]:
    """The settings that differ from their defaults."""
    found: dict[str, Any] = {}
    default = TriggerSettings()
    for each in fields(settings):
        value = getattr(settings, each.name)
        if value != getattr(default, each.name):
            found[each.name] = _plain_setting(value)
    return found


def _plain_setting(value: Any) -> Any:
    if isinstance(value, Webhook):
        return {"secret": value.secret, "tolerance_seconds": value.tolerance_seconds}
    if isinstance(value, tuple):
        names = ("pipeline", "trigger", "product")
        return [{name: getattr(each, name) for name in names if getattr(each, name)} for each in value]
    return value.value if isinstance(value, MissedPolicy | OnLimit) else value


def _settings(values: Mapping[str, Any]) -> TriggerSettings:
    given = {each.name: values[each.name] for each in fields(TriggerSettings) if each.name in values}
    if "missed_runs" in given:
        given["missed_runs"] = MissedPolicy(given["missed_runs"])
    if given.get("on_limit") is not None:
        given["on_limit"] = OnLimit(given["on_limit"])
    if "after" in given:
        given["after"] = tuple(Upstream(**each) for each in given["after"])
    if given.get("webhook") is not None:
        given["webhook"] = Webhook(**given["webhook"])
    return TriggerSettings(**given)


def _plain(value: Any) -> Any:
    """A value of YAML as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

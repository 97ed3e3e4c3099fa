"""Words an alert: title, summary and details from templates with Mage's variables and ours, and the run's link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from penstock.model.alert_words import VARIABLE
from penstock.observe.alerts.facts import AlertKind, Fact
from penstock.observe.alerts.redact import redacted
from penstock.observe.alerts.settings import AlertSettings

_MINUTE, _HOUR = 60, 60  # seconds, minutes
_TRACE = 2500
"""Characters of a traceback in a message: its end."""

_WORDS: dict[AlertKind, tuple[str, str]] = {
    AlertKind.FAILURE: ("Pipeline {pipeline_uuid} failed", "{error}"),
    AlertKind.SUCCESS: ("Pipeline {pipeline_uuid} succeeded", "It took {duration}."),
    AlertKind.PASSED_SLA: (
        "Pipeline {pipeline_uuid} is late",
        "The run should have ended at {sla_time} and has not.",
    ),
    AlertKind.RECOVERY: (
        "Pipeline {pipeline_uuid} works again",
        "It had failed since {first_time}: {error}",
    ),
    AlertKind.TRIGGER: ("Trigger {pipeline_schedule_name} of {pipeline_uuid} cannot start runs", "{error}"),
    AlertKind.TEST: ("Test message from Penstock", "Alerts of {project} arrive here."),
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message in words. `fields` are pairs of a label and a value; `link` leads to the run's page.

    `incident` is the same for everything that is told about one incident, `key` for each message alone: who gets one
    twice sees it by that. `closes` says that the incident is over.
    """

    kind: AlertKind
    title: str
    summary: str
    details: str
    link: str
    at: float
    incident: str
    key: str
    fields: tuple[tuple[str, str], ...]
    fact: Fact

    @property
    def closes(self) -> bool:
        """Whether it says that the incident is over."""
        return self.kind is AlertKind.RECOVERY

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something."""
        return self.kind in {AlertKind.FAILURE, AlertKind.PASSED_SLA, AlertKind.TRIGGER}

    @property
    def colour(self) -> str:
        """As six digits in hexadecimal."""
        if self.kind is AlertKind.PASSED_SLA:
            return "D97706"
        return "DC2626" if self.bad else "16A34A"

    @property
    def lines(self) -> str:
        """Summary and details, one below the other."""
        return "\n\n".join(part for part in (self.summary, self.details) if part)


def worded(
    fact: Fact, settings: AlertSettings, *, incident: str, key: str, base: str = "", project: str = ""
) -> Message:
    """The message about a fact.

    Args:
        fact: what happened.
        settings: whose templates are used, and whose secrets are kept out.
        incident: the name of the incident.
        key: of this message alone.
        base: the address of the studio, for the link.
        project: the project's name.
    """
    fact = _clean(fact, settings)
    link = run_link(base, fact)
    values = _values(fact, link, project)
    own = settings.templates.get(str(fact.kind), {})
    title, summary = _WORDS[fact.kind]
    parts = {
        "title": _filled(own.get("title") or title, values),
        "summary": _filled(own.get("summary") or summary, values),
        "details": _filled(own["details"], values) if own.get("details") else _details(fact, values),
    }
    return Message(
        fact.kind,
        " ".join(parts["title"].split())[:250],
        parts["summary"].strip(),
        parts["details"].strip(),
        link,
        fact.last_at or fact.at,
        incident,
        key,
        _fields(fact, values),
        fact,
    )


def unworded(fact: Fact, *, incident: str, key: str, base: str = "") -> Message:
    """The message about a fact whose words cannot be made: that it happened, and where to read more.

    Args: as `worded`.
    """
    title, _ = _WORDS[fact.kind]
    title = _filled(title, {"pipeline_uuid": fact.pipeline, "pipeline_schedule_name": fact.trigger})
    fields = (("Pipeline", fact.pipeline), ("Run", fact.last_run or fact.run))
    return Message(
        fact.kind,
        " ".join(title.split())[:250],
        "The words of this message could not be made; the run and the log of the scheduler say more.",
        "",
        run_link(base, fact),
        fact.last_at or fact.at,
        incident,
        key,
        tuple((label, value) for label, value in fields if value),
        Fact(fact.kind, fact.pipeline, fact.at, run=fact.run, trigger=fact.trigger, last_run=fact.last_run),
    )


def run_link(base: str, fact: Fact) -> str:
    """The address of the page of the run, or of the pipeline's triggers where there is no run; empty without a base."""
    if not base:
        return ""
    run = fact.last_run or fact.run
    return f"{base.rstrip('/')}/runs/{quote(run, safe='')}" if run else base.rstrip("/") + "/"


def variables() -> list[str]:
    """The names that templates may use."""
    return sorted(_values(Fact(AlertKind.TEST, "", 0.0), "", ""))


def duration(seconds: float | None) -> str:
    """A length of time as people say it: `4.2 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return ""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < _HOUR:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(at: float | None) -> str:
    """A time in UTC to the second; empty for None. One that no calendar has, which a run may be given, is a number."""
    if at is None:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"{at:g} s since 1970"


def _clean(fact: Fact, settings: AlertSettings) -> Fact:
    """The fact without secrets: those that the settings know now may not have been known when it was stored."""

    def clean(text: str) -> str:
        # Halves of characters, which an error may hold, go over no wire.
        return redacted(text, settings.secrets).encode("utf-8", "backslashreplace").decode()

    return replace(fact, error=clean(fact.error), hint=clean(fact.hint), traceback=clean(fact.traceback))


def _values(fact: Fact, link: str, project: str) -> Mapping[str, str]:
    return {
        "pipeline_uuid": fact.pipeline,
        "pipeline_run_url": link,
        "pipeline_schedule_id": "" if fact.trigger_id is None else str(fact.trigger_id),
        "pipeline_schedule_name": fact.trigger,
        "pipeline_schedule_description": fact.description,
        "execution_time": moment(fact.execution_date if fact.execution_date is not None else fact.started),
        "error": fact.error,
        "stacktrace": fact.traceback[-_TRACE:],
        "project": project,
        "run_id": fact.last_run or fact.run,
        "block_uuid": fact.block,
        "place": fact.place,
        "file": fact.file,
        "line": str(fact.line) if fact.line else "",
        "hint": fact.hint,
        "state": fact.state,
        "repeats": str(fact.repeats),
        "duration": duration(fact.seconds),
        "first_time": moment(fact.at),
        "sla_time": moment(fact.sla_at),
    }


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The text with its variables; what is in braces and no variable stays as it is."""
    return VARIABLE.sub(lambda found: values.get(found[1], found[0]), template)


def _details(fact: Fact, values: Mapping[str, str]) -> str:
    if fact.kind not in {AlertKind.FAILURE, AlertKind.TRIGGER}:
        return ""
    parts = [fact.hint]
    if fact.repeats:
        parts.append(f"It has happened {fact.repeats + 1} times since {moment(fact.at)}.")
    if fact.traceback:
        parts.append(values["stacktrace"].strip())
    return "\n\n".join(part for part in parts if part)


def _fields(fact: Fact, values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = [
        ("Pipeline", fact.pipeline),
        ("Trigger", fact.trigger),
        ("Block", fact.block),
        ("Line", fact.place),
        ("Run", values["run_id"]),
        ("Execution time", values["execution_time"]),
    ]
    if fact.repeats:
        found.append(("Times", str(fact.repeats + 1)))
    return tuple((label, value) for label, value in found if value)

"""What an alert tells, as it is kept in the store: facts alone; words and addresses come when it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from penstock.config.decoding import from_plain
from penstock.model.errors import headline
from penstock.observe.alerts.redact import redacted

_TRACE = 8000
"""Characters of a traceback that are kept: its end, where the error is."""


class AlertKind(StrEnum):
    """What an alert tells: `TRIGGER` is a trigger that can start no run."""

    FAILURE = "failure"
    SUCCESS = "success"
    PASSED_SLA = "passed_sla"
    RECOVERY = "recovery"
    TRIGGER = "trigger"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the message to one channel stands; `final` when it is not tried again, else it is at `due_at`."""

    sent_at: float | None = None
    attempts: int = 0
    error: str = ""
    final: bool = False
    due_at: float = 0.0

    @property
    def over(self) -> bool:
        """Whether it was taken, or given up."""
        return self.sent_at is not None or self.final


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened to a run or a trigger. Times in seconds since the epoch, `line` from 1, 0 for none.

    `run` is the first run of the incident, `last_run` the newest; `repeats` counts those after the first. `affected`
    names the triggers and backfills whose runs failed so. `told` counts the messages about it that went out before,
    and `ordered` is when the newest of them was asked for, 0 for the first. `opened` is the number of the alert that
    a recovery closes. `incident` is the name that others know it by, where its own has changed since. `delivered`
    says how each channel stands. `muted_until` is set where nobody was told because somebody wanted it so.
    """

    kind: AlertKind
    pipeline: str
    at: float
    run: str = ""
    trigger: str = ""
    trigger_id: int | None = None
    description: str = ""
    state: str = ""
    block: str = ""
    error: str = ""
    error_class: str = ""
    hint: str = ""
    file: str = ""
    line: int = 0
    traceback: str = ""
    execution_date: float | None = None
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    sla_at: float | None = None
    repeats: int = 0
    last_run: str = ""
    last_at: float = 0.0
    affected: tuple[str, ...] = ()
    told: int = 0
    ordered: float = 0.0
    opened: int = 0
    muted_until: float = 0.0
    incident: str = ""
    delivered: Mapping[str, Delivery] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """As JSON for the store."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    @property
    def place(self) -> str:
        """The user's line, such as `transformers/clean.py:12`; empty when none is known."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.file


def fact_of(payload: Mapping[str, Any]) -> Fact:
    """The fact that was stored; raises ValueError when it is none."""
    return from_plain(dict(payload), Fact, strict=False)


def fact_or_none(payload: Mapping[str, Any]) -> Fact | None:
    """The fact that was stored; None when it is none, as another version may have written it."""
    try:
        return fact_of(payload)
    except ValueError:
        return None


def error_fields(
    failure: Mapping[str, Any] | None, error: str, *, root: str = "", secrets: Iterable[str] = ()
) -> dict[str, Any]:
    """The fields of a fact about an error, without secrets.

    Args:
        failure: as a block run keeps it: kind, message, hint, frames, traceback.
        error: what the run says in one sentence, where there is no failure.
        root: the project's folder, which is left out of file names.
        secrets: values that must not be shown.
    """
    known = list(secrets)
    if not failure:
        return {"error": redacted(_sentence(error), known), "error_class": ""}
    kind, message = str(failure.get("kind") or ""), str(failure.get("message") or "")
    file, line = _own_line(failure, root)
    return {
        "error": redacted(_sentence(headline(kind, message) or error), known),
        "error_class": kind,
        "hint": redacted(_sentence(str(failure.get("hint") or "")), known),
        "file": file,
        "line": line,
        "traceback": redacted(str(failure.get("traceback") or "")[-4 * _TRACE :], known)[-_TRACE:],
    }


def _own_line(failure: Mapping[str, Any], root: str) -> tuple[str, int]:
    """The innermost line of the project's own code."""
    frames = [frame for frame in failure.get("frames") or () if isinstance(frame, Mapping) and frame.get("own")]
    if not frames:
        return "", 0
    file = str(frames[-1].get("file") or "")
    if root and file.startswith(f"{root}/"):
        file = file[len(root) + 1 :]
    return file, int(frames[-1].get("line") or 0)


def _sentence(text: str) -> str:
    return " ".join(text.partition("\n")[0].split())[:1000]

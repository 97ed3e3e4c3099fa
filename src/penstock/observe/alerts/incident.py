"""What belongs together: the name of an incident, from the pipeline, the block and the shape of its error."""

from __future__ import annotations

import hashlib
import re

_VARYING = (
    (re.compile(r"0x[0-9a-fA-F]+"), "#"),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{22}\b"), "#"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b"), "#"),
    (re.compile(r"(?:/[^\s/'\"]+){2,}"), "/#"),
    (re.compile(r"[0-9]+(?:[.,:_-][0-9]+)*"), "#"),
)
"""What differs between two occurrences of one error: addresses, ids, paths of temporary files, numbers and times."""

_LONGEST = 240
"""Characters of an incident's name: SQL Server indexes no longer text."""


def fingerprint(kind: str, message: str) -> str:
    """The shape of an error: the same for two that differ in numbers, ids and times alone."""
    text = message.strip().partition("\n")[0][:2000]
    for pattern, mark in _VARYING:
        text = pattern.sub(mark, text)
    return hashlib.sha256(f"{kind}|{' '.join(text.split())}".encode("utf-8", "replace")).hexdigest()[:12]


def failure_incident(pipeline: str, block: str, kind: str, message: str, backfill: int | None = None) -> str:
    """Runs of this pipeline fail at this block with this error; those of a backfill are an incident of their own.

    A backfill's failed windows may never be run again: what is open because of them hides no failure of a trigger.
    """
    name = f"run|{pipeline}|{block}|{fingerprint(kind, message)}"
    return _bounded(name if backfill is None else f"{name}|backfill {backfill}")


def late_incident(pipeline: str, trigger: str) -> str:
    """Runs of this trigger end later than promised."""
    return _bounded(f"sla|{pipeline}|{trigger}")


def trigger_incident(pipeline: str, trigger: str) -> str:
    """This trigger cannot start runs."""
    return _bounded(f"trigger|{pipeline}|{trigger}")


def of_renamed(incident: str, old: str, new: str) -> str:
    """What an incident is called now that its pipeline has another name; as it was, where that cannot be told."""
    kind, _, rest = incident.partition("|")
    if len(incident) >= _LONGEST or not rest.startswith(f"{old}|"):
        return incident
    return _bounded(f"{kind}|{new}{rest[len(old) :]}")


def _bounded(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:16]
    return f"{name[: _LONGEST - 17]}~{digest}"

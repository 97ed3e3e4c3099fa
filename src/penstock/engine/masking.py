"""Secrets of the environment are hidden in what an attempt tells, before anybody hears, stores or sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from penstock.config.masking import Mask
from penstock.engine.events import AttemptEvent, Captured, Ended
from penstock.model.messages import CallbackFailed, Displayed, Executed, Failure, Finished, Log, Output


def masked(event: AttemptEvent, mask: Mask) -> AttemptEvent:
    """The event with texts in which nothing secret is left; the same one where there is none to hide."""
    changed: dict[str, Any] = {}
    if not mask:
        return event
    match event:
        case Captured(text=text):
            changed["text"] = mask(text)
        case Log(text=text, tags=tags):
            changed |= {"text": mask(text), "tags": _within(tags, mask)}
        case Output(outputs=outputs):
            # A first look at it, which records keep; the value itself is data and stays what it is.
            changed["outputs"] = tuple(replace(output, preview=_within(output.preview, mask)) for output in outputs)
        case Displayed(mime=mime):
            changed["mime"] = {kind: _shown(kind, data, mask) for kind, data in mime.items()}
        case Ended(failure=failure, output=output):
            changed |= {"failure": _failure(failure, mask), "output": mask(output)}
        case Finished(failure=failure, tests=tests):
            hidden = tuple(replace(test, error=mask(test.error)) for test in tests)
            changed |= {"failure": _failure(failure, mask), "tests": hidden}
        case Executed(failure=failure) | CallbackFailed(failure=failure):
            changed["failure"] = _failure(failure, mask)
    return replace(event, **changed) if changed else event


def _failure(failure: Failure | None, mask: Mask) -> Failure | None:
    if failure is None:
        return None
    hint, traceback = mask(failure.hint), mask(failure.traceback)
    return replace(failure, message=mask(failure.message), hint=hint, traceback=traceback)


def _shown(kind: str, data: Any, mask: Mask) -> Any:
    return mask(data) if isinstance(data, str) and kind.startswith("text/") else data


def _within(value: Any, mask: Mask) -> Any:
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: _within(part, mask) for key, part in value.items()}
        case list() | tuple():
            return [_within(part, mask) for part in value]
    return value

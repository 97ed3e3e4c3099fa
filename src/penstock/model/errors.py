"""Every public error of Penstock: one root, a phase and a recovery each.

A message says what was being done, on what, and the cause ("reading pipeline orders: edge to unknown block clean_2");
the hint names the next action.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Phase(StrEnum):
    """In which part of the work an error arose."""

    CONFIG = "config"
    PROJECT = "project"
    CONNECT = "connect"
    EXECUTION = "execution"
    TRANSFER = "transfer"
    STATE = "state"
    ACCESS = "access"


class Recovery(StrEnum):
    """What a caller may do about an error."""

    FATAL = "fatal"
    RETRIABLE = "retriable"
    SKIPPABLE = "skippable"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: `line` and `column` count from 1; 0 means the whole file or line."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)


class PenstockError(Exception):
    """The root of all public errors.

    Args:
        message: one sentence: what was being done, on what, the cause.
        hint: one sentence: what to do next.
        location: where in a file the cause is, when it is in one.
    """

    code: ClassVar[str] = "P000"
    phase: ClassVar[Phase] = Phase.EXECUTION
    recovery: ClassVar[Recovery] = Recovery.FATAL

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location

    def __str__(self) -> str:
        return self.message


class SettingInvalidError(PenstockError):
    """A setting, environment variable or command-line value has a wrong type or range."""

    code = "C101"
    phase = Phase.CONFIG


class TemplateError(PenstockError):
    """A Jinja template could not be rendered: syntax, an unknown name, or a forbidden attribute."""

    code = "C102"
    phase = Phase.CONFIG


class SecretMissingError(PenstockError):
    """A secret was asked for that no provider has."""

    code = "C103"
    phase = Phase.CONFIG


class ProjectNotFoundError(PenstockError):
    """The folder does not exist or holds no project."""

    code = "J101"
    phase = Phase.PROJECT


class PipelineNotFoundError(PenstockError):
    """No pipeline of that name is in the project."""

    code = "J102"
    phase = Phase.PROJECT


class BlockNotFoundError(PenstockError):
    """No block of that name is in the pipeline, or its file is missing."""

    code = "J103"
    phase = Phase.PROJECT


class FileInvalidError(PenstockError):
    """A project file cannot be read as what it should be: encoding, YAML syntax, shape."""

    code = "J104"
    phase = Phase.PROJECT


class GraphInvalidError(PenstockError):
    """The edges of a pipeline do not make a graph that can run: a cycle, or an edge to an unknown block."""

    code = "J105"
    phase = Phase.PROJECT


class EditRefusedError(PenstockError):
    """A change to a file was refused because it could not be made without damage, or the file changed meanwhile."""

    code = "J106"
    phase = Phase.PROJECT


class UnsupportedError(PenstockError):
    """Something that exists in the format and that this version does not run."""

    code = "J107"
    phase = Phase.PROJECT


class FileMissingError(FileInvalidError, FileNotFoundError):
    """A file that block code asked for does not exist; code that expects a FileNotFoundError catches it as one."""

    code = "J108"


class ConflictError(PenstockError):
    """A file is no longer the one that was seen, so that saving would overwrite somebody's work.

    `details` carry the file as it is now: `revision` and, when it is text, `content`.
    """

    code = "J109"
    phase = Phase.PROJECT

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        location: Location | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, location=location)
        self.details = dict(details or {})


class PathRefusedError(PenstockError):
    """A path of a request leaves the project, or leads into what is not the user's to change."""

    code = "J110"
    phase = Phase.PROJECT


class ScheduleInvalidError(PenstockError):
    """A schedule says no times: neither a preset nor a cron expression of five fields, a day no year has, no zone."""

    code = "J111"
    phase = Phase.PROJECT


class TriggerNotFoundError(PenstockError):
    """No trigger of that name or number is in the project."""

    code = "J112"
    phase = Phase.PROJECT


class GlobalProductInvalidError(PenstockError):
    """A global data product is not registered, or its entry cannot be read."""

    code = "J115"
    phase = Phase.PROJECT


class BackfillNotFoundError(PenstockError):
    """There is no backfill of that number."""

    code = "J113"
    phase = Phase.PROJECT


class ProfileInvalidError(PenstockError):
    """A profile of io_config.yaml is missing or lacks a key that the connection needs."""

    code = "N101"
    phase = Phase.CONNECT


class DriverMissingError(PenstockError):
    """The optional package for a system is not installed."""

    code = "N102"
    phase = Phase.CONNECT


class ConnectionFailedError(PenstockError):
    """The external system refused or dropped the connection."""

    code = "N103"
    phase = Phase.CONNECT
    recovery = Recovery.RETRIABLE


class QueryFailedError(PenstockError):
    """The external system answered a statement with an error."""

    code = "N104"
    phase = Phase.CONNECT


class BlockFailedError(PenstockError):
    """User code raised, a test failed, or a block's result was not acceptable."""

    code = "X101"


class ChartFailedError(PenstockError):
    """The code of a chart raised, or gave nothing that can be drawn.

    `details` hold its `failure`, with the frames of the traceback.
    """

    code = "X120"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        location: Location | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, location=location)
        self.details = dict(details or {})


class WorkerLostError(PenstockError):
    """The process of an attempt ended without an answer: killed, crashed, out of memory."""

    code = "X102"
    recovery = Recovery.RETRIABLE


class TimeoutExceededError(PenstockError):
    """An attempt took longer than its limit and was ended."""

    code = "X103"


class InterruptedRunError(PenstockError):
    """The run was interrupted by its user."""

    code = "X104"


class MessageInvalidError(PenstockError):
    """A frame on the worker channel is unknown, malformed, or of another version."""

    code = "X105"


class RunBusyError(PenstockError):
    """What was asked for is under way already: a block runs once at a time."""

    code = "X106"


class RunNotFoundError(PenstockError):
    """There is no run, scratchpad or execution of that name."""

    code = "X107"


class RunStateError(PenstockError):
    """What was asked of a run cannot be done in the state that it is in, such as cancelling one that has ended."""

    code = "X108"


class InternalMistakeError(PenstockError):
    """A mistake of Penstock's own made the scheduler stumble over a run each time; the run was stopped."""

    code = "X109"


class ProductMissingError(PenstockError):
    """A data product, version or output that was asked for does not exist."""

    code = "D101"
    phase = Phase.TRANSFER


class ProductCorruptError(PenstockError):
    """A manifest or a data file cannot be read as what it should be."""

    code = "D102"
    phase = Phase.TRANSFER


class ValueRefusedError(PenstockError):
    """A block returned something that cannot be stored so that it survives exactly."""

    code = "D103"
    phase = Phase.TRANSFER


class FenceError(PenstockError):
    """An attempt tried to publish after a newer attempt had been started; nothing was published."""

    code = "D104"
    phase = Phase.TRANSFER


class StorageError(PenstockError):
    """The file system refused: disk full, read only, no permission."""

    code = "D105"
    phase = Phase.TRANSFER
    recovery = Recovery.RETRIABLE


class ReadingTooLargeError(PenstockError):
    """Showing a stored output needs more memory than the process that reads it may use."""

    code = "D106"
    phase = Phase.TRANSFER


class ReaderLostError(PenstockError):
    """The process that reads outputs for the studio ended while it answered; the next question starts another."""

    code = "D107"
    phase = Phase.TRANSFER
    recovery = Recovery.RETRIABLE


class StateUnavailableError(PenstockError):
    """The state database cannot be used now: it is away, locked, read-only or its disk is full; nothing was lost."""

    code = "S101"
    phase = Phase.STATE
    recovery = Recovery.RETRIABLE


class StateInvalidError(PenstockError):
    """The state database is damaged, is none of Penstock's, or was written by a newer version."""

    code = "S102"
    phase = Phase.STATE


STATE_TROUBLE = (StateUnavailableError, StateInvalidError)
"""What says that the state database itself is in trouble, not what it was asked for; caught by whoever tries again."""


class StateConflictError(PenstockError):
    """What was to be stored contradicts what the state database holds."""

    code = "S103"
    phase = Phase.STATE


class PortBusyError(PenstockError):
    """Another program listens on the port that the server was to listen on."""

    code = "N105"
    phase = Phase.CONNECT


def every_error() -> list[type[PenstockError]]:
    """All public errors in the order of their codes; the reference page and its test read this."""
    found: list[type[PenstockError]] = []
    pending = list(PenstockError.__subclasses__())
    while pending:
        error = pending.pop()
        found.append(error)
        pending.extend(error.__subclasses__())
    return sorted(found, key=lambda error: error.code)


def error_class(code: str) -> type[PenstockError]:
    """The public error of that code, so that one told over a wire can be caught by its class; the root when unknown."""
    return next((error for error in every_error() if error.code == code), PenstockError)


def headline(kind: str, message: str) -> str:
    """A failure in one line: the message alone says it where it is ours, else it is shown with its class.

    `KeyError('flights')` has the message `'flights'`, which tells nobody anything.
    """
    first = message.partition("\n")[0] or kind
    if not message or not kind[:1].isupper() or kind in {error.__name__ for error in every_error()}:
        return first
    return f"{kind}: {first}"

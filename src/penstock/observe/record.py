"""Writes what a run tells to files: one log per block and one record per run, JSON lines.

`<logs root>/pipelines/<pipeline>/.logs/<run>/<block>.log` and `%run.log` hold log lines; `run.jsonl` beside them
holds the run's events, appended as they happen, so that a killed process leaves everything up to its last moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from penstock.config.settings import LEVELS
from penstock.data.naming import quote
from penstock.model import events
from penstock.model.errors import StorageError, headline
from penstock.model.messages import Failure
from penstock.model.run import RunState
from penstock.observe.liveness import identity

RUN_LOG = "%run.log"
"""What the run says of itself; no block's name is ever written so."""
RUN_RECORD = "run.jsonl"
_CUT_OFF = frozenset({"killed", "timeout", "memory", "interrupted", "lost"})
"""Kinds of failures of a process that could not tell of its end."""
ROTATE_BYTES = 20 * 1024 * 1024
"""A block's log is continued in a new file at this size; ten are kept, so that a chatty block cannot fill the disk."""
KEPT_FILES = 10


def run_folder(logs_root: Path, pipeline: str, run: str) -> Path:
    """Where the logs of that run are."""
    return logs_root / "pipelines" / quote(pipeline) / ".logs" / quote(run)


class RunRecorder:
    """A sink for the events of one run.

    Args:
        logs_root: the folder of all logs of the project.
        pipeline: the pipeline's uuid.
        run: the run's id.
        level: of what blocks tell their logger, less severe records are left out; what they print never is.

    Raises:
        StorageError: the log folder cannot be made.
    """

    def __init__(self, logs_root: Path, pipeline: str, run: str, *, level: str = "DEBUG") -> None:
        self._left_out = frozenset(LEVELS[: LEVELS.index(level.upper())]) if level.upper() in LEVELS else frozenset()
        self.folder = run_folder(logs_root, pipeline, run)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"making the log folder {self.folder}: {error.strerror}",
                hint="Free space or set PENSTOCK_DATA_DIR to a folder that can be written.",
            ) from error
        self._files: dict[str, RotatingFile] = {}
        self._failed = ""
        self._resting: set[str] = set()

    @property
    def failed(self) -> str:
        """Why log lines could not be written, in words; empty when all were."""
        return self._failed

    def __call__(self, event: events.Event) -> None:
        """Write one event. A full disk is remembered in `failed` and does not end the run."""
        try:
            self._write(event)
        except OSError as error:
            self._failed = f"writing logs in {self.folder}: {error.strerror}"

    def note(self, at: float, level: str, text: str) -> None:
        """Say something in the log of the run itself."""
        try:
            self._file(RUN_LOG).write(log_line(at, level, text))
        except OSError as error:
            self._failed = f"writing logs in {self.folder}: {error.strerror}"

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _write(self, event: events.Event) -> None:
        if not self._asks_again(event) and (said := words_of(event)) is not None:
            level, text = said
            self._file(RUN_LOG).write(log_line(event.at, level, text))
        match event:
            case events.BlockPrinted(block=block, stream=stream, text=text, at=at):
                if data := printed_lines(at, text, block, stream):
                    self._file(f"{quote(block)}.log").write(data)
            case events.BlockLogged(level=level) if level in self._left_out:
                return
            case events.BlockLogged(block=block, level=level, text=text, at=at):
                self._file(f"{quote(block)}.log").write(log_line(at, level, text, block=block))
            case events.BlockEnded():
                self._block_ended(event)
            case events.CallbackFailed(block=block, failure=failure, at=at):
                if trace := _traceback(failure):
                    self._file(f"{quote(block)}.log").write(log_line(at, "ERROR", trace, block=block))
                self._record(event)
            case _:
                self._record(event)

    def _asks_again(self, event: events.Event) -> bool:
        """Whether it is the next question of a sensor, of which its answer is told alone."""
        match event:
            case events.BlockWaiting(block=block):
                self._resting.add(block)
            case events.BlockStarted(block=block) if block in self._resting:
                self._resting.discard(block)
                return True
        return False

    def _block_ended(self, event: events.BlockEnded) -> None:
        name = f"{quote(event.block)}.log"
        if event.failure is not None and event.failure.kind != "condition":  # the log has told of that
            detail = _traceback(event.failure) or event.failure.message
            self._file(name).write(log_line(event.at, "ERROR", detail, block=event.block))
        self._record(event)
        if (file := self._files.pop(name, None)) is not None:  # a run may have more blocks than a process has files
            file.close()

    def _record(self, event: events.Event) -> None:
        entry = {"event": type(event).__name__, **_fields(event)}
        if isinstance(event, events.RunStarted):
            entry["process"] = identity()
        self._file(RUN_RECORD, rotates=False).write(_line(entry))
        if isinstance(event, events.RunStarted):
            # A run that is retried has its folder already: its pipeline's folder of runs tells that something began.
            os.utime(self.folder.parent)

    def _file(self, name: str, *, rotates: bool = True) -> RotatingFile:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = RotatingFile(self.folder / name, rotates=rotates)
        return file


def _traceback(failure: Failure) -> str:
    """The traceback of a failure; "" where there is only its last output instead, which the log has already."""
    return "" if failure.kind in _CUT_OFF and not failure.frames else failure.traceback


def words_of(event: events.Event) -> tuple[str, str] | None:
    """What the log of the run itself says of an event, with its level; None for what blocks say themselves."""
    found: tuple[str, str] | None = None
    match event:
        case events.RunStarted(blocks=blocks, origin=origin, parent=parent, parent_block=asking):
            begun = f"run started: {len(blocks)} block{'' if len(blocks) == 1 else 's'}"
            begun += f", {_BEGUN.get(origin, f'started by {origin}')}" if origin else ""
            found = "INFO", begun + (f" ({asking} of run {parent})" if parent else "")
        case events.BlockStarted(block=block, attempt=attempt):
            found = "INFO", f"{block}: started" + (f", attempt {attempt}" if attempt > 1 else "")
        case events.BlockRetrying(block=block, attempt=attempt, wait=wait, failure=failure):
            error = headline(failure.kind, failure.message)
            found = "WARNING", f"{block}: attempt {attempt} failed, the next one begins in {wait:g} s: {error}"
        case events.BlockEnded(block=block, state=state, failure=failure, seconds=seconds, attempts=attempts):
            took = f" after {_spell(seconds)}" if attempts else ""
            why = f": {headline(failure.kind, failure.message)}" if failure is not None else ""
            level = _LEVEL_OF_KIND.get(failure.kind, "ERROR") if failure is not None else "INFO"
            found = level, f"{block}: {state.value}{took}{why}"
        case events.CallbackFailed(block=block, callback=callback, after=after, failure=failure):
            error = headline(failure.kind, failure.message)
            found = "ERROR", f"{block}: callback {callback or 'process'} after {after} failed: {error}"
        case events.RunEnded(state=state, seconds=seconds, error=error):
            level = {RunState.COMPLETED: "INFO", RunState.CANCELLED: "WARNING"}.get(state, "ERROR")
            found = level, f"run {state.value} after {_spell(seconds)}" + (f": {error}" if error else "")
    return found


_LEVEL_OF_KIND = {"withdrawn": "WARNING", "condition": "INFO"}
"""Of ends of blocks that are no failures."""
_BEGUN = {
    "schedule": "started by the clock",
    "api": "started by a call",
    "event": "started by an event",
    "dependency": "started after another pipeline",
    "backfill": "started by a backfill",
    "block": "started by a block",
    "studio": "started in the studio",
    "cli": "started from a terminal",
    "retry": "started as a retry",
}


def _spell(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def record_refusal(
    logs_root: Path, pipeline: str, run: str, at: float, message: str, *, origin: str = "", parent: str = ""
) -> None:
    """Record a run that ended before it could begin, such as one of a pipeline that cannot be read.

    Raises:
        StorageError: the log folder cannot be made.
    """
    recorder = RunRecorder(logs_root, pipeline, run)
    recorder(events.RunStarted(run, pipeline, "", at, (), origin=origin, parent=parent))
    recorder(events.RunEnded(run, pipeline, RunState.FAILED, at, 0.0, error=message))
    recorder.close()


def record_stop(
    logs_root: Path, pipeline: str, run: str, at: float, message: str, trace: str, seconds: float = 0.0
) -> None:
    """Record the end of a run that was stopped because of a mistake of ours, and where that mistake was.

    Raises:
        StorageError: the log folder cannot be made.
    """
    recorder = RunRecorder(logs_root, pipeline, run)
    begun = (recorder.folder / RUN_RECORD).exists()
    recorder.note(at, "ERROR", trace)
    if begun:
        recorder(events.RunEnded(run, pipeline, RunState.FAILED, at, seconds, error=message))
    recorder.close()


class RotatingFile:
    """An append-only file that is continued in a fresh one when it is full; older ones get `.1`, `.2`, ...

    Args:
        path: the file.
        rotates: whether it is ever full.
    """

    def __init__(self, path: Path, *, rotates: bool = True) -> None:
        self._path = path
        self._rotates = rotates
        self._file: BinaryIO = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, data: bytes) -> None:
        """Append at once, so that another process sees it and a kill loses nothing."""
        if self._rotates and self._size and self._size + len(data) > ROTATE_BYTES:
            self._rotate()
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._size += len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        self._numbered(KEPT_FILES - 1).unlink(missing_ok=True)
        for number in range(KEPT_FILES - 2, 0, -1):
            if self._numbered(number).exists():
                self._numbered(number).rename(self._numbered(number + 1))
        self._path.rename(self._numbered(1))
        self._file = self._path.open("ab", buffering=0)
        self._size = 0

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def printed_lines(at: float, text: str, block: str, stream: str) -> bytes:
    """What a block has printed, as lines of its log; blank ones are left out.

    A block may print millions of lines in a second: they are encoded as one text, and what stands around each is then
    put in place of the newlines. Backslashes of the text itself are set aside meanwhile, as a byte that JSON never has.
    """
    lines = [line for line in text.splitlines() if line]
    if not lines:
        return b""
    level = "ERROR" if stream == "stderr" else "INFO"
    head = msgspec.json.encode({"at": _moment(at), "level": level, "message": ""})[:-2]
    tail = b'",' + msgspec.json.encode({"block": block, "stream": stream})[1:] + b"\n"
    texts = msgspec.json.encode("\n".join(lines))[1:-1].replace(b"\\\\", b"\0")
    return head + texts.replace(b"\\n", tail + head).replace(b"\0", b"\\\\") + tail


def log_line(at: float, level: str, text: str, **tags: Any) -> bytes:
    """One line of JSON with an ISO time in UTC."""
    return _line({"at": _moment(at), "level": level, "message": text, **tags})


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _line(entry: dict[str, Any]) -> bytes:
    """One line of JSON; half a character and numbers beyond 64 bits are worth the slower way."""
    try:
        return msgspec.json.encode(entry) + b"\n"
    except (TypeError, ValueError, OverflowError):
        return (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def read_record(logs_root: Path, pipeline: str, run: str) -> list[dict[str, Any]]:
    """The recorded events of a run, oldest first; a last line that was cut by a kill is left out.

    Raises:
        FileNotFoundError: there is no record of that run.
    """
    found: list[dict[str, Any]] = []
    with (run_folder(logs_root, pipeline, run) / RUN_RECORD).open("rb") as file:
        for line in file:
            try:
                found.append(_entry(line))
            except ValueError:
                break
    return found


def own_variables(started: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that a run was given itself, from the entry of its start.

    Those of the pipeline's file are left out, which a run that repeats it reads from there, with their types. Records
    of earlier versions do not tell them apart: all of them then.
    """
    variables = dict(started.get("variables") or {})
    own = (started.get("given") or {}).get("own")
    return variables if own is None else {name: variables[name] for name in own if name in variables}


def _entry(line: bytes) -> dict[str, Any]:
    """One event; half a character and what only Python calls a number are read the slower way."""
    try:
        entry: dict[str, Any] = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        entry = json.loads(line.decode("utf-8"))
    return entry


def _fields(event: events.Event) -> dict[str, Any]:
    """The event as JSON values; what only variables of users can hold is worth the slower way."""
    try:
        return dict(msgspec.to_builtins(event, str_keys=True, enc_hook=str))
    except (TypeError, ValueError, RecursionError):
        return dict(_plain(event))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(item) for key, item in asdict(value).items()}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)

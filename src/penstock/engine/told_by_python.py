"""Records of Python's `logging`, and its warnings, as records of the block's log, with their own levels.

As text on stderr each would look like an error. Handlers, their levels and their formats are the block's own affair:
here is only what happens to a record that is about to be written to stdout or stderr of the worker.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

Emit = Callable[[str, str], None]
"""Receives the level's name and the text."""

_LEVELS = (
    (logging.CRITICAL, "CRITICAL"),
    (logging.ERROR, "ERROR"),
    (logging.WARNING, "WARNING"),
    (logging.INFO, "INFO"),
)
_PLAIN = logging.Formatter()
_emit: Emit | None = None
_process = 0
_write = logging.StreamHandler.emit
_show = warnings.showwarning


def install() -> None:
    """Have this process, and those that are forked from it, tell records so while `told_to` says whom."""
    logging.StreamHandler.emit = _on_record  # type: ignore[method-assign, assignment]
    warnings.showwarning = _on_warning


@contextmanager
def told_to(emit: Emit) -> Iterator[None]:
    """Tell this one meanwhile; what the block has forked goes on writing to its streams."""
    global _emit, _process  # noqa: PLW0603 - the logging of a process is one, too
    _emit, _process = emit, os.getpid()
    try:
        yield
    finally:
        _emit = None


def _listener(stream: object) -> Emit | None:
    """Who is told instead of that stream being written to."""
    own = stream is not None and (stream is sys.__stderr__ or stream is sys.__stdout__)
    return _emit if own and os.getpid() == _process else None


def _on_record(handler: logging.StreamHandler[Any], record: logging.LogRecord) -> None:
    emit = _listener(handler.stream)
    if emit is None:
        _write(handler, record)
        return
    try:
        emit(_level(record.levelno), _text(handler, record))
    except RecursionError:  # as the method that this one stands for
        raise
    except Exception:  # noqa: BLE001 - the format and the values are the block's code
        handler.handleError(record)


def _text(handler: logging.Handler, record: logging.LogRecord) -> str:
    """In the handler's format; where that is Python's own, the level, which is told anyway, is left out."""
    formatter = handler.formatter
    if formatter is not None and getattr(formatter, "_fmt", "") != logging.BASIC_FORMAT:
        return handler.format(record)
    text = _PLAIN.format(record)
    return text if record.name == "root" else f"{record.name}: {text}"


def _level(number: int) -> str:
    return next((name for least, name in _LEVELS if number >= least), "DEBUG")


def _on_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    emit = _listener(sys.stderr) if file is None else None
    if emit is None:
        _show(message, category, filename, lineno, file, line)
    else:
        emit("WARNING", warnings.formatwarning(message, category, filename, lineno, line).rstrip("\n"))

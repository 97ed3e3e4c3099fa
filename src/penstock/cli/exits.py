"""Exit codes, and how an error is shown."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from enum import IntEnum
from typing import Any, TextIO

import click

from penstock.model.errors import PenstockError, Phase, RunNotFoundError


class Exit(IntEnum):
    """What the exit code of `penstock` means."""

    SUCCESS = 0
    """Everything asked for was done."""
    FAILED = 1
    """The run failed, the check found errors, the two versions differ, or a run cannot be changed as it is now."""
    USAGE = 2
    """The command line, a setting or a project file is wrong, or there is nothing of that name; nothing was run."""
    ENVIRONMENT = 3
    """The machine or another system refused: disk, permission, connection, missing data."""
    INTERRUPTED = 130
    """Ended by Ctrl-C."""
    HUNG_UP = 129
    """A run that was ended by SIGHUP, when its terminal was closed."""
    TERMINATED = 143
    """A run that was ended by SIGTERM, as containers, service managers and cancelled jobs end what they started."""


_BY_PHASE = {
    Phase.CONFIG: Exit.USAGE,
    Phase.PROJECT: Exit.USAGE,
    Phase.ACCESS: Exit.USAGE,
    Phase.CONNECT: Exit.ENVIRONMENT,
    Phase.TRANSFER: Exit.ENVIRONMENT,
    Phase.STATE: Exit.ENVIRONMENT,
    Phase.EXECUTION: Exit.FAILED,
}


def exit_code(error: PenstockError) -> Exit:
    """The exit code for an error that ended a command."""
    return Exit.USAGE if isinstance(error, RunNotFoundError) else _BY_PHASE[error.phase]


def error_document(error: PenstockError) -> dict[str, Any]:
    """An error for `--json`."""
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "location": str(error.location) if error.location else None,
        }
    }


def report(error: PenstockError, *, as_json: bool = False) -> Exit:
    """Show an error (one line, its place, what to do) and give its exit code."""
    if as_json and _said(json.dumps(error_document(error), ensure_ascii=False)):
        return exit_code(error)
    click.echo(f"error {error.code}: {error.message}", err=True)
    if error.location:
        click.echo(f"  at {error.location}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)
    return exit_code(error)


def _said(text: str) -> bool:
    """Print it, and tell whether that went: the output may be full, or its reader gone."""
    try:
        click.echo(text)
    except OSError:
        drop_output()
        return False
    return True


def drop_output(stream: TextIO | None = None) -> None:
    """From now on lines go nowhere; what could not be written would else be tried again at the very end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, (stream or sys.stdout).fileno())
    os.close(nowhere)


def drop_lost_output() -> None:
    """Let lines go nowhere where their terminal has been closed, which would refuse each of them."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(ValueError):  # it is no file
            try:
                os.write(stream.fileno(), b"")
            except OSError:
                drop_output(stream)

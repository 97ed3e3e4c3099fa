"""Ctrl-C while the command is still being imported: one word instead of a traceback through the standard library.

Imported first of all that is ours; once `main` runs, it says the same by itself.
"""

from __future__ import annotations

import sys
from types import TracebackType

INTERRUPTED = "interrupted"


def _said(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python calls for an exception that nobody caught. The process ends as by the signal: 130 to a shell."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(f"{INTERRUPTED}\n")
    else:
        sys.__excepthook__(kind, error, trace)


def listen() -> None:
    """Take the place of Python's own hook in this process, which is the command's."""
    sys.excepthook = _said


listen()

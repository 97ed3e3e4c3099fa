"""What servers in processes of their own have logged while a test ran: shown with its failure, and only then."""

from __future__ import annotations

from pathlib import Path

LINES = 60
"""Lines of each log that are shown, the last ones."""

_sizes: dict[Path, int] = {}


def watch(log: Path) -> None:
    """A server writes its log there from now on."""
    _sizes.setdefault(log, 0)


def begin() -> None:
    """A test begins: what is logged until now was no part of it."""
    for log in list(_sizes):
        if log.exists():
            _sizes[log] = log.stat().st_size
        else:
            del _sizes[log]


def grown() -> list[tuple[Path, str]]:
    """The logs that have grown since, with the last lines of what has come."""
    found = []
    for log, size in _sizes.items():
        if log.exists() and log.stat().st_size > size:
            with log.open("rb") as file:
                file.seek(size)
                lines = file.read().decode("utf-8", "replace").splitlines()
            found.append((log, "\n".join(lines[-LINES:])))
    return found

"""Lets the records and logs of a pipeline's runs follow it when it gets another name."""

from __future__ import annotations

from pathlib import Path

from penstock.data.naming import quote
from penstock.model.errors import StorageError


def move_records(logs_root: Path, before: str, after: str) -> None:
    """Move the runs of one pipeline to another name; runs that are there already stay beside them.

    Raises:
        StorageError: the disk refuses.
    """
    source = logs_root / "pipelines" / quote(before) / ".logs"
    target = logs_root / "pipelines" / quote(after) / ".logs"
    if not source.is_dir():
        return
    try:
        target.mkdir(parents=True, exist_ok=True)
        for run in sorted(source.iterdir()):
            if not (target / run.name).exists():
                run.rename(target / run.name)
    except OSError as error:
        raise StorageError(
            f"moving the logs of {before}: {error.strerror}", hint="Make the log folder writable."
        ) from error

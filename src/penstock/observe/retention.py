"""Removes the logs of runs that are older than their retention."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from penstock.data.naming import quote
from penstock.observe.record import RUN_RECORD


def old_runs(logs_root: Path, *, before: float, pipeline: str | None = None) -> Iterator[Path]:
    """The log folders of runs that nothing was written to since that time.

    Args:
        logs_root: the folder of all logs of the project.
        before: seconds since the epoch.
        pipeline: only this pipeline's runs.
    """
    pattern = f"pipelines/{quote(pipeline) if pipeline else '*'}/.logs/*"
    for folder in sorted(logs_root.glob(pattern)):
        record = folder / RUN_RECORD
        newest = record if record.exists() else folder
        if folder.is_dir() and newest.stat().st_mtime < before:
            yield folder


def remove_old_runs(logs_root: Path, *, before: float, pipeline: str | None = None, dry_run: bool = False) -> int:
    """Remove those folders; the number of them."""
    folders = list(old_runs(logs_root, before=before, pipeline=pipeline))
    if not dry_run:
        for folder in folders:
            shutil.rmtree(folder)
    return len(folders)

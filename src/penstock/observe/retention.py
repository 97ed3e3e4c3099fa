"""Removes the logs of runs that are older than their retention, and their rows in the state store."""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from penstock.data.naming import quote
from penstock.observe.record import RUN_RECORD
from penstock.observe.under_way import is_under_way

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from penstock.state.store import State

_log = logging.getLogger("penstock.retention")
_HORIZON = "runs.horizon"
_BATCH = 100
_MOST = 1000
_HELD = 0.02
"""Seconds for which removing keeps others from writing, at a time; they then have as long for themselves."""


def old_runs(logs_root: Path, *, before: float, pipeline: str | None = None) -> Iterator[Path]:
    """The log folders of runs that nothing was written to since that time.

    Args:
        logs_root: the folder of all logs of the project.
        before: seconds since the epoch.
        pipeline: only this pipeline's runs.
    """
    for folder in _run_folders(logs_root, pipeline):
        record = folder / RUN_RECORD
        with suppress(FileNotFoundError):  # removed meanwhile
            newest = record if record.exists() else folder
            if folder.is_dir() and newest.stat().st_mtime < before:
                yield folder


def _run_folders(logs_root: Path, pipeline: str | None = None) -> Iterator[Path]:
    """The log folders of all runs, one after the other: years of them are never held at once."""
    below = logs_root / "pipelines"
    pipelines = [below / quote(pipeline)] if pipeline else below.iterdir() if below.is_dir() else []
    for folder in pipelines:
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder / ".logs") as runs:
            for run in runs:
                yield Path(run.path)


def remove_old_runs(
    logs_root: Path,
    *,
    before: float,
    pipeline: str | None = None,
    dry_run: bool = False,
    spared: Collection[str] = (),
) -> int:
    """Remove those folders, but for those of runs under way; the number of them.

    Args:
        logs_root: the folder of all logs of the project.
        before: seconds since the epoch.
        pipeline: only this pipeline's runs.
        dry_run: count them, and remove nothing.
        spared: the runs that have not ended, by what the state store says; others tell it by their record.
    """
    found = old_runs(logs_root, before=before, pipeline=pipeline)
    return sum(dry_run or _removed(folder) for folder in found if not is_under_way(folder, spared))


def remove_runs_beyond(logs_root: Path, size: int, *, dry_run: bool = False, spared: Collection[str] = ()) -> int:
    """Remove the logs of the oldest runs until the others hold that many bytes together; the number of them.

    Args:
        logs_root: the folder of all logs of the project.
        size: bytes that may stay.
        dry_run: count them, and remove nothing.
        spared: as in `remove_old_runs`; what they hold counts.
    """
    found: list[tuple[float, int, Path]] = []
    for folder in _run_folders(logs_root):
        try:
            with os.scandir(folder) as entries:
                stats = [entry.stat() for entry in entries]
        except OSError:  # removed meanwhile, or no folder
            continue
        newest = max((each.st_mtime for each in stats), default=0.0)
        found.append((newest, sum(each.st_size for each in stats), folder))
    total, count = sum(held for _newest, held, _folder in found), 0
    for _newest, held, folder in sorted(found):
        if total <= size:
            break
        if is_under_way(folder, spared):
            continue
        if not dry_run and not _removed(folder):
            continue
        total -= held
        count += 1
    return count


def _removed(folder: Path) -> bool:
    """Remove the logs of a run; one that cannot be removed is told, and keeps no other."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("removing the logs in %s: %s", folder, error)
        return False
    return True


def prune_runs(
    state: State, *, before: float | None = None, keep: int | None = None, pipeline: str = "", dry_run: bool = False
) -> int:
    """Remove old runs that have ended, and their blocks, from the state store; how many.

    They go in small transactions, so that a scheduler is never kept waiting. Their records, where they are kept for
    longer, are not read into the store again.

    Args:
        state: the store.
        before: seconds since the epoch: runs that began before then.
        keep: all but that many of the newest runs.
        pipeline: only this pipeline's runs.
        dry_run: count them, and remove nothing.

    Raises:
        StateUnavailableError: the store cannot be written; what was removed until then is.
    """
    limit = before
    if keep is not None:
        with state.read() as connection:
            newest = state.runs.began(connection, keep, pipeline)
        limit = max(limit or 0.0, newest or 0.0)
    if limit is None:
        return 0
    if dry_run:
        with state.read() as connection:
            return state.runs.count_ended(connection, limit, pipeline)
    count, batch = 0, _BATCH
    while True:
        began = time.perf_counter()
        with state.write() as connection:
            names = state.runs.ended(connection, limit, pipeline, batch)
            count += state.runs.delete(connection, names)
            if len(names) < batch:
                reached = max(limit, horizon(state, connection, pipeline))
                state.settings.put(connection, _key(pipeline), repr(reached))
                return count
        held = time.perf_counter() - began
        batch = min(_MOST, batch * 2) if held < _HELD / 2 else max(10, batch // 2) if held > _HELD else batch
        time.sleep(min(held, 1.0))  # who waits to write goes first


def horizon(state: State, connection: Connection, pipeline: str) -> float:
    """How far back the store keeps runs of that pipeline, seconds since the epoch."""
    names = {_key(""), _key(pipeline)}
    return max(float(state.settings.get(connection, name, "0")) for name in names)


def _key(pipeline: str) -> str:
    return f"{_HORIZON}.{pipeline}" if pipeline else _HORIZON

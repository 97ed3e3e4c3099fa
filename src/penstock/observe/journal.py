"""From the record of a run, the file, to its rows in the state store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from penstock.data.naming import quote, unquote
from penstock.model.errors import headline
from penstock.model.expand import base_of
from penstock.model.run import DONE, BlockState, RunState
from penstock.observe.archive import cut_off
from penstock.observe.liveness import is_gone, last_sign
from penstock.observe.record import RUN_RECORD, own_variables
from penstock.state.rows import BlockRunRow, RunRow

LONGEST = 256 * 1024 * 1024
"""Bytes of a record that is read; beyond it nothing is."""

_UNENDED = frozenset({BlockState.INITIAL.value, BlockState.QUEUED.value, BlockState.RUNNING.value})
_OPTIONS = ("environment", "execution_partition", "trigger", "remote_blocks")
"""What of that which a run was given stands among the options of its row."""


def recorded_run(
    logs_root: Path, pipeline: str, run: str, *, left: float = 0.0
) -> tuple[RunRow, list[BlockRunRow]] | None:
    """A run and its blocks as its record tells them now; None when there is no record that can be read.

    A run whose process has gone before its end is interrupted, and so are the blocks that it left unended.

    Args:
        logs_root: the folder of all logs of the project.
        pipeline: the pipeline whose runs lie there; it may have had another name when the run began.
        run: the run's id.
        left: when its process was seen to end, where somebody has watched it.
    """
    path = logs_root / "pipelines" / quote(pipeline) / ".logs" / quote(run) / RUN_RECORD
    try:
        status = path.stat()
        data = path.read_bytes() if status.st_size <= LONGEST else b""
    except OSError:
        return None
    entries = _entries(data)
    if not entries or entries[0].get("event") != "RunStarted":
        return None
    try:
        return _rows(run, pipeline, entries, lambda: max(status.st_mtime, left, last_sign(path.parent)))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None  # valid JSON, and no record of ours


def folders(logs_root: Path) -> dict[str, Path]:
    """The folder that holds the runs of each pipeline, by the pipeline's uuid."""
    try:
        found = list((logs_root / "pipelines").iterdir())
    except OSError:
        return {}
    return {name: folder / ".logs" for folder in found if (name := unquote(folder.name) or _told_name(folder))}


def _told_name(folder: Path) -> str | None:
    """The pipeline of a folder whose name is too short for it: as its records tell."""
    for record in folder.glob(f".logs/*/{RUN_RECORD}"):
        try:
            with record.open("rb") as file:
                first = _entries(file.readline())
        except OSError:  # it has been removed in this moment, or is not ours to read
            continue
        if first and isinstance(name := first[0].get("pipeline"), str) and quote(name) == folder.name:
            return name
    return None


def _entries(data: bytes) -> list[dict[str, Any]]:
    """The lines of a record up to the first that was cut."""
    found: list[dict[str, Any]] = []
    for line in data.splitlines():
        try:
            entry = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            break
        if not isinstance(entry, dict):
            break
        found.append(entry)
    return found


def _rows(
    run: str, pipeline: str, entries: list[dict[str, Any]], gone_at: Callable[[], float]
) -> tuple[RunRow, list[BlockRunRow]]:
    first = entries[0]
    started = float(first["at"])
    what = str(first.get("what") or "all")
    given = first.get("given") or {}
    options = {name: given[name] for name in _OPTIONS if given.get(name)}
    # Whoever repeats a run of chosen blocks means those; of all blocks, those that there are then.
    if what != "all":
        options["blocks"] = [str(name) for name in first.get("blocks") or ()]
    row = RunRow(
        run,
        pipeline,
        started,
        state=RunState.RUNNING.value,
        origin=str(first.get("origin") or "cli"),
        what=what,
        options=options,
        partition=str(first.get("partition") or ""),
        execution_date=_seconds(given.get("execution_date")),
        interval_start=_seconds(given.get("interval_start")),
        interval_end=_seconds(given.get("interval_end")),
        variables=own_variables(first),
        event=given.get("event"),
        due_at=started,
        started_at=started,
        blocks_total=len(first.get("blocks") or ()),
        process=first.get("process") or {},
        parent_run=first.get("parent") or None,
    )
    blocks = _blocks(run, first, entries[1:])
    done = sum(blocks[str(name)].state in DONE for name in first.get("blocks") or ())
    failed = next((block for block in blocks.values() if block.state == BlockState.FAILED), None)
    failure = dict(failed.failure or {}) if failed else {}
    error = headline(str(failure.get("kind") or ""), str(failure.get("message") or "")) if failed else ""
    row = replace(row, blocks_done=done, failed_block=base_of(failed.block) if failed else None, error=error)
    end = next((entry for entry in reversed(entries) if entry.get("event") == "RunEnded"), None)
    if end is not None:
        row = _ended(row, str(end["state"]), float(end["at"]))
        row = replace(
            row,
            blocks_done=int(end.get("done") or done),
            failed_block=end.get("failed_block") or row.failed_block,
            error=str(end.get("error") or row.error),
        )
    elif is_gone(dict(row.process or {})):
        row = replace(_ended(row, RunState.INTERRUPTED.value, max(gone_at(), started)), error=cut_off(row.origin))
    if not row.open:
        blocks = _settled(blocks, row.ended_at or started)
    return row, _with_rows_in(blocks)


def _seconds(moment: str | None) -> float | None:
    return datetime.fromisoformat(moment).timestamp() if moment else None


def _ended(row: RunRow, state: str, at: float) -> RunRow:
    return replace(row, state=state, ended_at=at, seconds=max(0.0, at - row.created_at), process=None)


def _blocks(run: str, first: dict[str, Any], entries: Iterable[dict[str, Any]]) -> dict[str, BlockRunRow]:
    """Blocks as the entries leave them, in the order in which they could run; children of dynamic blocks at the end."""
    upstream = first.get("upstream") or {}
    blocks = {
        str(name): BlockRunRow(run, str(name), position, upstream=list(upstream.get(name) or ()))
        for position, name in enumerate(first.get("blocks") or ())
    }
    for entry in entries:
        name = entry.get("block")
        if not isinstance(name, str):
            continue
        row = blocks.get(name) or BlockRunRow(run, name, len(blocks))
        match entry.get("event"):
            case "BlockStarted":
                begun = row.started_at if row.started_at is not None else float(entry["at"])
                row = replace(
                    row, state=BlockState.RUNNING.value, attempts=int(entry["attempt"]), started_at=begun, due_at=None
                )
            case "BlockExpanded":
                row = replace(row, state=BlockState.RUNNING.value, started_at=float(entry["at"]))
            case "BlockRetrying":
                due = float(entry["at"]) + float(entry["wait"])
                row = replace(row, state=BlockState.QUEUED.value, due_at=due, failure=entry.get("failure"))
            case "BlockWaiting":
                row = replace(row, state=BlockState.QUEUED.value, due_at=float(entry["due"]))
            case "BlockEnded":
                row = _block_ended(row, entry)
            case _:
                continue
        blocks[name] = row
    return blocks


def _block_ended(row: BlockRunRow, entry: dict[str, Any]) -> BlockRunRow:
    counts = [output["rows"] for output in entry.get("outputs") or () if output.get("rows") is not None]
    return replace(
        row,
        state=str(entry["state"]),
        ended_at=float(entry["at"]),
        attempts=int(entry.get("attempts") or row.attempts),
        version=(entry.get("ref") or {}).get("version"),
        expansion={"ref": entry["ref"]} if entry.get("ref") else None,
        failure=entry.get("failure"),
        rows_out=sum(counts) if counts else None,
        peak_memory=int(entry.get("peak_memory") or 0),
        cpu_seconds=float(entry.get("cpu_seconds") or 0.0),
        due_at=None,
    )


def _settled(blocks: dict[str, BlockRunRow], at: float) -> dict[str, BlockRunRow]:
    """The blocks of a run that has ended: what it left unended will not go on."""
    return {
        name: replace(row, state=BlockState.INTERRUPTED.value, ended_at=at, due_at=None)
        if row.state in _UNENDED
        else row
        for name, row in blocks.items()
    }


def _with_rows_in(blocks: dict[str, BlockRunRow]) -> list[BlockRunRow]:
    """The blocks, told how many rows those before them gave."""
    found = []
    for row in blocks.values():
        counts = [
            blocks[name].rows_out for name in row.upstream if name in blocks and blocks[name].rows_out is not None
        ]
        found.append(replace(row, rows_in=sum(count or 0 for count in counts)) if counts else row)
    return found

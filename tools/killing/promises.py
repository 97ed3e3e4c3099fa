"""What must hold when schedulers were killed and the last one was left alone until nothing was left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from penstock.data import ProductStore
from penstock.model.expand import base_of
from penstock.project import open_project
from penstock.state.address import state_url
from penstock.state.rows import BlockRunRow, RunRow
from penstock.state.run_list import RunFilter
from penstock.state.store import open_state
from tools.killing.project import CHILDREN

MINUTE = 60.0
_PAGE = 500
_GIVEN_UP = "times while it ran"
"""What the error of a block says whose driver was killed again and again."""


def broken_promises(root: Path, acknowledged: Iterable[str]) -> tuple[list[str], Counter[str]]:
    """What does not hold, and how many runs there are by state.

    Args:
        root: the project.
        acknowledged: the runs whose makers were told that they are stored.
    """
    state = open_state(state_url(open_project(root).data_dir()))
    try:
        with state.read() as connection:
            rows: dict[str, RunRow] = {}
            after = ""
            while True:
                page = state.runs.page(connection, RunFilter(), limit=_PAGE, after=after)
                rows.update(state.runs.many(connection, [row.id for row in page.rows]))
                after = page.next or ""
                if not after:
                    break
            blocks = {name: state.block_runs.of_run(connection, name) for name in rows}
            held = state.holds.taken(connection)
    finally:
        state.close()
    found = [f"{name} was acknowledged, and is not there" for name in acknowledged if name not in rows]
    found += [f"{held} is held"] if held else []
    found += [text for row in rows.values() for text in _of_run(row, blocks[row.id])]
    found += _of_slots([row for row in rows.values() if row.trigger_id is not None and row.slot is not None])
    found += _of_children(list(rows.values()))
    found += _of_products(root, blocks)
    return found, Counter(row.state for row in rows.values())


def _of_run(row: RunRow, blocks: list[BlockRunRow]) -> list[str]:
    found = []
    if row.open or row.lease_owner is not None:
        found.append(f"{row.id} is {row.state}, driven by {row.lease_owner}")
    if row.state == "completed" and (not blocks or any(block.state != "completed" for block in blocks)):
        found.append(f"{row.id} is complete, its blocks are {[block.state for block in blocks]}")
    if row.state == "failed" and _GIVEN_UP not in row.error and row.origin != "block" and row.pipeline != "caller":
        found.append(f"{row.id} failed: {row.error}")
    if row.state == "cancelled" and not row.cancel_requested:
        found.append(f"{row.id} is cancelled, and nobody asked for that: {row.error}")
    if row.state == "completed" and row.pipeline == "fan" and len(blocks) != 2 + CHILDREN:
        found.append(f"{row.id} is complete, with {len(blocks)} blocks and children")
    found += [f"{row.id} has ended, and {block.block} is {block.state}" for block in blocks if block.ended_at is None]
    return found


def _of_slots(rows: list[RunRow]) -> list[str]:
    """Each minute has one run."""
    counts = Counter(row.slot or 0.0 for row in rows)
    slots = sorted(counts)
    found = [f"the slot {slot} has {count} runs" for slot, count in counts.items() if count != 1]
    return found + [f"no run between {a} and {b}" for a, b in pairwise(slots) if b - a != MINUTE]


def _of_children(rows: list[RunRow]) -> list[str]:
    """A block that was killed while it waited goes on with the run that it had asked for."""
    children: Counter[str] = Counter(row.parent_run for row in rows if row.parent_run is not None)
    completed = [row for row in rows if row.pipeline == "caller" and row.state == "completed"]
    return [f"{row.id} has asked for {children[row.id]} runs" for row in completed if children[row.id] != 1]


def _fans(row: BlockRunRow, rows: list[BlockRunRow]) -> bool:
    """Whether a block has children, which store what it makes."""
    return any(base_of(other.block) == row.block != other.block for other in rows)


def _of_products(root: Path, blocks: dict[str, list[BlockRunRow]]) -> list[str]:
    """No attempt has published twice, and what the store calls complete is there."""
    store = ProductStore(open_project(root).store_root())
    attempts: Counter[tuple[str, str, int]] = Counter()
    versions: set[tuple[str, str]] = set()
    for address in store.addresses():
        for manifest in store.versions(address):
            versions.add((address.block, manifest.ref.version))
            if manifest.lineage is not None:
                attempts[manifest.lineage.run, address.block, manifest.lineage.attempt] += 1
    found = [f"{attempt} has published {count} versions" for attempt, count in attempts.items() if count > 1]
    done = [
        (name, row)
        for name, rows in blocks.items()
        for row in rows
        if row.state == "completed" and not _fans(row, rows)
    ]
    return found + [
        f"{name} {row.block} is complete, and its version {row.version} is not there"
        for name, row in done
        if (row.block, str(row.version)) not in versions
    ]

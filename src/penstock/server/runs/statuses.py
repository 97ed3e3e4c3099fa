"""How the blocks of a pipeline stand: from records, manifests and what is under way. Safe in any thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.config.decoding import from_plain
from penstock.model.expand import base_of
from penstock.model.messages import Failure, TestOutcome
from penstock.model.product import Address, OutputSummary, ProductRef
from penstock.observe.archive import RunArchive, RunHead
from penstock.observe.record import RUN_RECORD
from penstock.server.runs.manifests import Manifests
from penstock.server.runs.summaries import shown_outputs, shown_state, what_changed
from penstock.server.schema.runs import BlockRunDetail, BlockStatus, CallbackFailure, NextAttempt, VersionRef

RUNS_LOOKED_AT = 2000
_BLOCKS_KEPT = 1000
"""Of all records that are kept together: what is said of a block may take some ten kilobytes."""

Entries = dict[str, dict[str, Any]]


class Statuses:
    """Reads how blocks stood when their runs ended.

    Args:
        archive: the recorded runs.
        manifests: what is stored.
    """

    def __init__(self, archive: RunArchive, manifests: Manifests) -> None:
        self._archive = archive
        self._manifests = manifests
        self._records: OrderedDict[tuple[str, int], Entries] = OrderedDict()

    def of(self, pipeline: str, blocks: list[str], reasons: dict[str, str]) -> dict[str, BlockStatus]:
        """The status of each of these blocks.

        Args:
            pipeline: their pipeline.
            blocks: their uuids.
            reasons: why their outputs are stale.
        """
        last = self._last_runs(pipeline, set(blocks))
        return {block: self._status(pipeline, block, last.get(block), reasons.get(block, "")) for block in blocks}

    def detail(self, head: RunHead, upstream: Mapping[str, list[str]]) -> list[BlockRunDetail]:
        """The blocks of a recorded run, each followed by its children, and the edges among them."""
        entries = self._entries(head)
        withdrawn: dict[str, list[str]] = {}
        for key, entry in entries.items():
            if _withdrawn(entry):
                withdrawn.setdefault(base_of(key), []).append(key)
        found: list[BlockRunDetail] = []
        for block in head.blocks:
            mine, edges = entries.get(block, {}), upstream.get(block) or []
            keys = dict.fromkeys((block, *mine.get("children", ()), *withdrawn.get(block, ())))
            found.extend(_block_run(key, entries.get(key, {}), head, edges) for key in keys)
        return found

    def _last_runs(self, pipeline: str, wanted: set[str]) -> dict[str, tuple[RunHead, dict[str, Any]]]:
        found: dict[str, tuple[RunHead, dict[str, Any]]] = {}
        for number, head in enumerate(self._archive.newest(pipeline)):
            if not wanted or number >= RUNS_LOOKED_AT:
                break
            if wanted.isdisjoint(head.blocks):
                continue
            entries = self._entries(head)
            for block in wanted.intersection(head.blocks):
                entry = entries.get(block, {})
                if entry or head.state == "running":
                    found[block] = (head, entry)
            wanted = wanted - found.keys()
        return found

    def _entries(self, head: RunHead) -> Entries:
        """Block -> what the record says of it: the fields of its end, `started` and `attempts`.

        Of one that waits for its next attempt, `waits` is what was told when the last one had ended.
        """
        # A run that is retried ends once more: its record has grown since it was read at its first end.
        record = self._archive.folder(head.pipeline, head.run) / RUN_RECORD
        size = record.stat().st_size if record.exists() else 0
        known = self._records.get((head.run, size))
        if known is not None:
            return known
        entries: Entries = {}
        for entry in self._archive.events(head):
            _take(entries, entry)
        if head.ended is not None:
            self._records[head.run, size] = entries
            while len(self._records) > 1 and sum(map(len, list(self._records.values()))) > _BLOCKS_KEPT:
                self._records.popitem(last=False)
        return entries

    def _status(
        self, pipeline: str, block: str, last: tuple[RunHead, dict[str, Any]] | None, stale: str
    ) -> BlockStatus:
        address = Address(pipeline, block, (last[0].partition or "_") if last is not None else "_")
        stored = self._manifests.latest(address)
        if last is None:
            if stored is None:
                return BlockStatus()
            return self._with_output(BlockStatus("completed", run=stored.lineage.run or None, stale=stale), stored.ref)
        head, entry = last
        failure = _failure(entry.get("failure") or _waits(head, entry).get("failure"))
        status = BlockStatus(
            state=_state(head, entry, failure),
            run=head.run,
            started=entry.get("started"),
            seconds=entry.get("seconds") if entry.get("attempts") else None,
            attempts=int(entry.get("attempts") or 0),
            stale=stale,
            failure=failure if failure is not None else _cut_off(head, entry),
            tests=tuple(TestOutcome(**test) for test in entry.get("tests") or ()),
            callback_failures=_callbacks(entry),
        )
        made = _ref(entry.get("ref"))  # named by its version alone: the pipeline may have another name by now
        ref = ProductRef(address, made.version) if made is not None else stored.ref if stored is not None else None
        return self._with_output(status, ref)

    def _with_output(self, status: BlockStatus, ref: ProductRef | None) -> BlockStatus:
        manifest = self._manifests.of(ref) if ref is not None else None
        if manifest is None:
            return msgspec.structs.replace(status, stale="")
        outputs = tuple(manifest.summaries())
        before = self._manifests.previous(manifest.ref)
        changed = what_changed(before.summaries(), outputs) if before is not None else ()
        return msgspec.structs.replace(
            status, version=manifest.ref.version, outputs=shown_outputs(outputs), changed=changed
        )


def _take(entries: Entries, entry: dict[str, Any]) -> None:
    """Add what the next line of a record says of a block."""
    block = str(entry.get("block"))
    match entry["event"]:
        case "BlockStarted":
            entries[block] = _begun(entries.get(block, {}), entry["at"])
        case "BlockRetrying" | "BlockWaiting":
            entries.setdefault(block, {})["waits"] = entry
        case "BlockExpanded":
            entries.setdefault(block, {}).update(started=entry["at"], children=_made_anew(entries, entry))
        case "BlockGrew":
            entries.setdefault(block, {}).setdefault("children", []).extend(_made_anew(entries, entry))
        case "BlockEnded":
            entries.setdefault(block, {}).update(entry)
        case "CallbackFailed":
            entries.setdefault(block, {}).setdefault("callbacks", []).append(entry)


def _begun(entry: dict[str, Any], at: float) -> dict[str, Any]:
    """What is said of a block whose next attempt begins; nothing holds of one that had ended."""
    gone = {"callbacks", "waits"}
    kept = {} if "state" in entry else {name: value for name, value in entry.items() if name not in gone}
    return {"started": at, **kept, "attempts": kept.get("attempts", 0) + 1}


def _made_anew(entries: Entries, entry: Mapping[str, Any]) -> list[str]:
    """The children that a block has got; what is known of those of the same names that were withdrawn is forgotten."""
    children = [str(child) for child in entry["children"]]
    for child in children:
        if _withdrawn(entries.get(child, {})):
            del entries[child]
    return children


def _withdrawn(entry: Mapping[str, Any]) -> bool:
    """Whether a child counts no more: what it was made from came to nothing."""
    return bool((entry.get("failure") or {}).get("kind") == "withdrawn")


def _state(head: RunHead, entry: dict[str, Any], failure: Failure | None) -> str:
    if "state" in entry:
        return shown_state(str(entry["state"]), failure.kind if failure is not None else None)
    if head.state == "running":
        return "running" if entry and not _waits(head, entry) else "queued"
    return "interrupted"


def _waits(head: RunHead, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was told of the attempt after which a block waits for the next; nothing when it does not wait."""
    return entry.get("waits") or {} if head.state == "running" and "state" not in entry else {}


def _next(waits: Mapping[str, Any]) -> NextAttempt | None:
    return NextAttempt(waits["at"], waits["due"] if "due" in waits else waits["at"] + waits["wait"]) if waits else None


def _cut_off(head: RunHead, entry: dict[str, Any]) -> Failure | None:
    """Why a block that was under way has no end, as a failure."""
    if "state" in entry or head.state == "running":
        return None
    return Failure("interrupted", head.error or "the run ended before the block did", "Run the block again.", "X104")


def _block_run(block: str, entry: dict[str, Any], head: RunHead, upstream: list[str]) -> BlockRunDetail:
    waits = _waits(head, entry)
    failure = _failure(entry.get("failure") or waits.get("failure"))
    state = _state(head, entry, failure) if entry or head.state == "running" else "cancelled"
    ref = _ref(entry.get("ref"))
    return BlockRunDetail(
        block=block,
        state=state,
        attempts=int(entry.get("attempts") or 0),
        queued=head.started,
        started=entry.get("started"),
        ended=entry.get("at"),
        seconds=entry.get("seconds") if entry.get("attempts") else None,
        ref=VersionRef(ref.version) if ref is not None else None,
        outputs=shown_outputs(from_plain(entry.get("outputs") or [], list[OutputSummary])),
        tests=[TestOutcome(**test) for test in entry.get("tests") or ()],
        failure=failure if failure is not None else _cut_off(head, entry) if entry else None,
        peak_memory=int(entry.get("peak_memory") or 0),
        cpu_seconds=float(entry.get("cpu_seconds") or 0.0),
        upstream=upstream,
        callback_failures=_callbacks(entry),
        waits=_next(waits),
    )


def _callbacks(entry: dict[str, Any]) -> tuple[CallbackFailure, ...]:
    return tuple(
        CallbackFailure(str(one["callback"]), str(one["after"]), from_plain(one["failure"], Failure))
        for one in entry.get("callbacks") or ()
    )


def _failure(fields: Any) -> Failure | None:
    return from_plain(fields, Failure) if isinstance(fields, dict) else None


def _ref(fields: Any) -> ProductRef | None:
    return from_plain(fields, ProductRef) if isinstance(fields, dict) else None

"""Why a block failed: the failure, what it was given, what has changed since it last went well. Safe in any thread."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penstock.config.decoding import from_plain
from penstock.data import Manifest
from penstock.engine.freshness import Probes
from penstock.model.errors import RunNotFoundError
from penstock.model.messages import Failure
from penstock.model.product import Address, Lineage, ProductRef
from penstock.observe.archive import RunArchive, RunHead
from penstock.server.runs.manifests import Manifests
from penstock.server.schema.runs import Change, InputAtFailure, LastGood, VersionRef, Why

_LONGEST = 500


def _failed(entries: list[dict[str, Any]], block: str) -> dict[str, Any] | None:
    """What a record says about the failure of a block, or of the first of its children that has failed."""
    children: set[str] = set()
    own = None
    for entry in entries:
        if entry["event"] in {"BlockExpanded", "BlockGrew"} and entry["block"] == block:
            if entry["event"] == "BlockExpanded":
                children.clear()
            children.update(entry["children"])
        elif entry["event"] == "BlockEnded" and entry.get("failure"):
            if entry["block"] in children and entry["failure"].get("kind") != "withdrawn":
                return entry
            own = entry if entry["block"] == block else own
    return own


class Reasons:
    """Makes the card of a failure.

    Args:
        archive: the recorded runs.
        manifests: what is stored.
        probes: looks at the files of now, where an attempt could not tell its own.
    """

    def __init__(self, archive: RunArchive, manifests: Manifests, probes: Callable[[], Probes]) -> None:
        self._archive = archive
        self._manifests = manifests
        self._probes = probes

    def why(self, head: RunHead, block: str, root: Path) -> Why:
        """The card of a block's failure in a recorded run; of its first child that has failed, when it has children.

        Raises:
            RunNotFoundError: the block has not failed in it.
        """
        ended = _failed(self._archive.events(head), block)
        if ended is None:
            raise RunNotFoundError(
                f"reading why block {block} failed in run {head.run}: it has not",
                hint="Choose a block that has failed.",
            )
        lineage = from_plain(ended.get("lineage") or {}, Lineage)
        made = datetime.fromtimestamp(ended["at"], UTC).isoformat()
        own = _own_version(ended)
        address = Address(head.pipeline, str(ended["block"]), head.partition or "_")
        good = self._manifests.last_good(address, before=made)
        if good is not None and good.ref == own:
            good = None
        known = bool(lineage.code)
        if not known and good is not None:
            digests = {name: self._probes().digest(root / name) or "" for name in good.lineage.code}
            lineage = replace(lineage, code=digests, environment=good.lineage.environment)
        return Why(
            failure=from_plain(ended["failure"], Failure),
            inputs=[self._input(ref) for ref in lineage.inputs],
            changed_since_good=list(self._changes(good.lineage, lineage)) if good is not None else [],
            last_good=_last_good(good),
            known=known,
        )

    def _input(self, ref: ProductRef) -> InputAtFailure:
        manifest = self._manifests.of(ref)
        outputs = manifest.summaries() if manifest is not None else []
        rows = sum(output.rows or 0 for output in outputs) if any(o.rows is not None for o in outputs) else None
        columns = len(outputs[0].columns) if outputs and outputs[0].columns else None
        return InputAtFailure(ref.address.block, VersionRef(ref.version), rows, columns)

    def _changes(self, before: Lineage, after: Lineage) -> Iterator[Change]:
        yield from _differing("code", before.code, after.code)
        yield from self._input_changes(before, after)
        yield from _differing("variable", _texts(before.variables), _texts(after.variables))
        yield from _differing("configuration", _texts(before.settings), _texts(after.settings))
        yield from _differing("environment", before.environment, after.environment)

    def _input_changes(self, before: Lineage, after: Lineage) -> Iterator[Change]:
        old = {ref.address.block: ref for ref in before.inputs}
        new = {ref.address.block: ref for ref in after.inputs}
        for block in [*new, *(name for name in old if name not in new)]:
            if not self._are_alike(old.get(block), new.get(block)):
                yield Change("input", block, self._told(old.get(block)), self._told(new.get(block)))

    def _are_alike(self, one: ProductRef | None, other: ProductRef | None) -> bool:
        """Whether two versions are one, or hold the same: a new version of the same rows is no lead."""
        if one is None or other is None or one == other:
            return one == other
        before, after = (self._manifests.of(ref) for ref in (one, other))
        return before is not None and after is not None and self._manifests.hold_same(before, after)

    def _told(self, ref: ProductRef | None) -> str | None:
        """A version with its size, such as "00000003-1f2e3d4c, 1,000 rows, 5 columns"."""
        if ref is None:
            return None
        seen = self._input(ref)
        size = f", {seen.rows:,} rows" if seen.rows is not None else ""
        return f"{ref.version}{size}" + (f", {seen.columns} columns" if size and seen.columns is not None else "")


def _own_version(ended: Mapping[str, Any]) -> ProductRef | None:
    return from_plain(ended["ref"], ProductRef) if ended.get("ref") else None


def _last_good(manifest: Manifest | None) -> LastGood | None:
    if manifest is None:
        return None
    return LastGood(manifest.lineage.run, manifest.ref.version, manifest.created_at)


def _differing(kind: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for name in [*after, *(name for name in before if name not in after)]:
        if before.get(name) != after.get(name):
            yield Change(kind, name, before.get(name), after.get(name))


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, ensure_ascii=False, default=str)[:_LONGEST] for name, value in values.items()}

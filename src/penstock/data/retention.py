"""Retention: which versions go, and which files then belong to nobody.

Mark and sweep over the manifests: a data file stays as long as any manifest that stays names it, so a column that later
versions refer to outlives the version that wrote it. What a live process has mapped, or is writing, stays too.

Publications are held up only while manifests are counted and removed and names of files taken away: see `places.GATE`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from penstock.data import deferral
from penstock.data.backend import ASIDE, Backend
from penstock.data.fences import RUNS
from penstock.data.manifest import Manifest
from penstock.data.naming import quote
from penstock.data.places import GATE, PRODUCTS, manifest_key, version_number
from penstock.data.yielded import files_of_parts, forget_older
from penstock.model.errors import ProductCorruptError
from penstock.model.product import UNPARTITIONED, Address, ProductRef

_DAY = 86_400.0
_FORGOTTEN = 7 * _DAY
"""Seconds after which nobody comes back to a run."""


class Versions(Protocol):
    """What is known of a store here."""

    @property
    def backend(self) -> Backend:
        """Where it keeps things."""

    def addresses(self, pipeline: str | None = None) -> Iterator[Address]:
        """Every address that has a version."""

    def versions(self, address: Address) -> list[Manifest]:
        """All versions of an address, newest first."""

    def uncounted(self, address: Address) -> Iterator[Manifest]:
        """Versions that another machine may be forcing to the disk."""


@dataclass(frozen=True, slots=True)
class CleanPolicy:
    """What goes. A version goes when everything that is set says so; with nothing set no version goes.

    Args:
        older_than: versions published longer ago than so many seconds.
        keep_last: all but so many of the newest versions of each address.
        pipeline: only the versions of this pipeline.
        dry_run: only say what would go.
        pinned: versions that stay, for example the inputs of runs under way.
        draft_grace: leftovers that were changed within so many seconds stay, whoever wrote them.
        now: seconds since the epoch; None is the present.
    """

    older_than: float | None = None
    keep_last: int | None = None
    pipeline: str | None = None
    dry_run: bool = False
    pinned: Collection[ProductRef] = field(default_factory=frozenset)
    draft_grace: float = 60.0
    now: float | None = None


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What went (or would go): versions, data files, bytes on disk.

    `in_use` files would have gone but are being read.
    """

    versions: int = 0
    files: int = 0
    bytes: int = 0
    in_use: int = 0
    refs: tuple[ProductRef, ...] = ()


def clean(store: Versions, policy: CleanPolicy) -> CleanReport:
    """Remove what the policy says.

    A manifest that cannot be read stops the cleaning before anything is removed, since what it refers to is not known.

    Raises:
        ProductCorruptError: a manifest cannot be read.
        StorageError: the place refused.
    """
    if not store.backend.list(PRODUCTS):
        return CleanReport()
    if policy.dry_run:
        # Looking needs no lock, and so no right to write.
        return _clean(store, policy)
    now = policy.now if policy.now is not None else time.time()
    forget_older(store.backend, now - max(policy.older_than or 0.0, _FORGOTTEN))
    with store.backend.lock(GATE):
        return _clean(store, policy)


def _clean(store: Versions, policy: CleanPolicy) -> CleanReport:
    now = policy.now if policy.now is not None else time.time()
    going: list[Manifest] = []
    kept_files: set[str] = set(files_of_parts(store.backend))
    for address in list(store.addresses()):
        for manifest, goes in _judged(store.versions(address), policy, now):
            if goes:
                going.append(manifest)
            else:
                kept_files.update(entry.key for entry in manifest.files)
        for manifest in store.uncounted(address):
            if now - store.backend.modified(_key_of(manifest.ref)) < _DAY:
                kept_files.update(entry.key for entry in manifest.files)
            elif not policy.dry_run:
                _remove_manifest(store, manifest.ref)
    if not policy.dry_run:
        for manifest in going:
            _remove_manifest(store, manifest.ref)
    named = kept_files | {entry.key for manifest in going for entry in manifest.files}
    files, freed, in_use = _sweep(store, kept_files, named, policy, now)
    if not policy.dry_run:
        _remove_fences(store, policy, now)
    return CleanReport(len(going), files, freed, in_use, tuple(manifest.ref for manifest in going))


def _judged(versions: list[Manifest], policy: CleanPolicy, now: float) -> list[tuple[Manifest, bool]]:
    """Each version with whether it goes. The newest one stays too, so that no number is given out twice.

    A partition, such as a window of a backfill, goes as a whole when it is old: there are ever more of them.
    """
    if policy.older_than is not None and versions and versions[0].ref.address.partition != UNPARTITIONED:
        outcome = [_goes(manifest, at, policy, now) for at, manifest in enumerate(versions)]
        if all(outcome):
            return list(zip(versions, outcome, strict=True))
    good = next((manifest for manifest in versions if manifest.good), None)
    return [
        (manifest, at > 0 and manifest is not good and _goes(manifest, at, policy, now))
        for at, manifest in enumerate(versions)
    ]


def _goes(manifest: Manifest, at: int, policy: CleanPolicy, now: float) -> bool:
    if policy.older_than is None and policy.keep_last is None:
        return False
    if policy.pipeline is not None and manifest.ref.address.pipeline != policy.pipeline:
        return False
    if manifest.ref in policy.pinned or (policy.keep_last is not None and at < policy.keep_last):
        return False
    try:
        age = now - datetime.fromisoformat(manifest.created_at).timestamp()
    except ValueError as error:
        raise ProductCorruptError(
            f"reading the age of {manifest.ref}: {error}", hint="Remove that manifest, or run the block again."
        ) from error
    return policy.older_than is None or age > policy.older_than


def _remove_manifest(store: Versions, ref: ProductRef) -> None:
    key = _key_of(ref)
    deferral.forget(store.backend, key)  # first: else one that gets the number again would count as forced
    store.backend.delete_unused(key)


def _key_of(ref: ProductRef) -> str:
    number = version_number(ref.version)
    assert number is not None
    return manifest_key(ref.address, number)


def _sweep(store: Versions, kept: set[str], named: set[str], policy: CleanPolicy, now: float) -> tuple[int, int, int]:
    """Remove the data files that no kept manifest names: how many, their bytes, and how many are in use.

    An attempt of whose files no manifest names any (`named`, before this cleaning) may be a draft of right now.
    """
    files = freed = busy = 0
    for folder in _attempts(store, policy.pipeline):
        names = store.backend.list(folder)
        if store.backend.in_use(f"{folder}/owner"):
            continue
        unnamed = [f"{folder}/{name}" for name in names if f"{folder}/{name}" not in kept]
        written = max((store.backend.modified(key) for key in unnamed), default=0.0)
        published = any(f"{folder}/{name}" in named for name in names)
        if not published and now - max(written, store.backend.modified(folder)) < policy.draft_grace:
            continue
        for key in unnamed:
            size = _remove_file(store, key, dry_run=policy.dry_run)
            busy += size is None
            files += size is not None
            freed += size or 0
        if not policy.dry_run:
            store.backend.delete_folder(folder)
    for key in [key for key in store.backend.walk(PRODUCTS) if f"/{ASIDE}" in key]:
        if not policy.dry_run and now - store.backend.modified(key) >= policy.draft_grace:
            freed += store.backend.delete_unused(key) or 0
    return files, freed, busy


def _remove_file(store: Versions, key: str, *, dry_run: bool) -> int | None:
    if dry_run:
        return None if store.backend.in_use(key) else store.backend.size(key) or 0
    return store.backend.delete_unused(key)


def _attempts(store: Versions, pipeline: str | None) -> list[str]:
    """The folders of all attempts, also of addresses that never had a version."""
    backend = store.backend
    found = []
    for first in [quote(pipeline)] if pipeline is not None else backend.list(PRODUCTS):
        for second in backend.list(f"{PRODUCTS}/{first}"):
            for third in backend.list(f"{PRODUCTS}/{first}/{second}"):
                base = f"{PRODUCTS}/{first}/{second}/{third}/d"
                found += [f"{base}/{name}" for name in backend.list(base)]
    return found


def _remove_fences(store: Versions, policy: CleanPolicy, now: float) -> None:
    """Forget the fences of runs that nobody has touched for long; without one an attempt cannot publish at all."""
    age = max(policy.older_than or 0.0, _FORGOTTEN)
    for run in store.backend.list(RUNS):
        for name in store.backend.list(f"{RUNS}/{run}"):
            key = f"{RUNS}/{run}/{name}"
            if now - store.backend.modified(key) > age:
                store.backend.delete_unused(key)
        store.backend.delete_folder(f"{RUNS}/{run}")

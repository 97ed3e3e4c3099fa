"""Cuts the power under a store of outputs, and looks at what the next boot finds. Linux, as root.

    python -m tools.powercut --cuts 24 --scratch FOLDER

The store lies on an ext4 of its own, in a file that a loop device shows as a disk. What that file holds at a moment is
what a disk would hold if the power failed then: it is copied, mounted and read as after a boot. Each cut comes another
while after outputs were published whose forcing was deferred, some of which had been forced; and after one that
was to be forced by itself, and refers to a column of one that was not.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from penstock.data import CleanPolicy, Durability, Manifest, ProductStore, deferral, fingerprint
from penstock.model.errors import PenstockError
from penstock.model.product import Address, Lineage

ROWS = 2_000_000
BYTES = 600 * 2**20
CHANGED = 2.5
WAITS = (0.0, 0.3, 1.0, 2.5, 5.5, 6.5)
"""Seconds between the last publication and the cut; ext4 commits its journal every five."""


def main() -> int:
    """Cut as often as asked; 1 when a store was not as promised."""
    parser = argparse.ArgumentParser(prog="python -m tools.powercut", description=__doc__)
    parser.add_argument("--cuts", type=int, default=24)
    parser.add_argument("--scratch", type=Path, help="folder for the disks; 1.5 GB")
    given = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory(dir=given.scratch, prefix="penstock-powercut-") as folder:
        disk = Path(folder, "disk")
        with disk.open("wb") as file:
            file.truncate(BYTES)
        subprocess.run(["mkfs.ext4", "-q", disk], check=True)
        with mounted(disk) as root:
            for cut in range(given.cuts):
                shutil.rmtree(root / "store", ignore_errors=True)
                os.sync()
                counts = published(root / "store", odd=bool(cut % 2))
                time.sleep(WAITS[cut // 2 % len(WAITS)])
                wrong = found(disk, counts)
                broken += bool(wrong)
                print(f"cut {cut}: {wrong or 'as promised'}", flush=True)
    print(f"{given.cuts} cuts, {broken} broke a promise")
    return 1 if broken else 0


@contextmanager
def mounted(disk: Path) -> Iterator[Path]:
    """A file shown as a disk, as a folder."""
    with tempfile.TemporaryDirectory(prefix="penstock-powercut-") as folder:
        subprocess.run(["mount", "-o", "loop", disk, folder], check=True)
        try:
            yield Path(folder)
        finally:
            gc.collect()  # mappings keep it busy
            subprocess.run(["umount", "-l", folder], check=True)


def put(store: ProductStore, block: str, value: object) -> Manifest:
    """Publish a value."""
    with store.draft(Address("p", block), store.issue_fence("run", block)) as draft:
        draft.add(value)
        return draft.publish(Lineage(), fingerprint=fingerprint(Lineage()))


def published(folder: Path, *, odd: bool) -> dict[str, int]:
    """Fill a store; for each block what number its latest version must have after the cut."""
    store = ProductStore(folder, worker=True, durability=Durability.DEFERRED)
    assert store.may_defer()
    for number in range(1, 5):
        manifest = put(store, "several", pd.DataFrame({"n": [number] * ROWS}))
        if number == 1 or (odd and number == 3):  # noqa: PLR2004 - the last but one
            store.force(manifest.ref)
    unforced = put(store, "unforced", pd.DataFrame({"n": [7] * ROWS, "m": 1}))
    forcing = ProductStore(folder, worker=True)
    refers = put(forcing, "refers", forcing.load(unforced.ref).assign(m=CHANGED))
    assert not all(entry.own for entry in refers.files)
    return {"several": 3 if odd else 1, "refers": 1}


def found(disk: Path, counts: dict[str, int]) -> str:
    """What is wrong in the next boot with what the disk holds now; nothing when all is as promised."""
    copy = disk.with_name("copy")
    shutil.copyfile(disk, copy)
    try:
        with mounted(copy) as root, patch.object(deferral, "this_boot", lambda: "the next boot"):
            return "; ".join(_wrong(ProductStore(root / "store", worker=True), counts))
    finally:
        copy.unlink()


def _wrong(store: ProductStore, counts: dict[str, int]) -> Iterator[str]:
    for block, number in counts.items():
        latest = store.latest(Address("p", block))
        if latest is None or not latest.ref.version.startswith(f"{number:08d}"):
            yield f"the latest version of {block} is {latest and latest.ref.version}, not {number}"
            continue
        try:
            frame = store.load(latest.ref)
        except PenstockError as error:
            yield str(error)
            continue
        expected = {"n": 7, "m": CHANGED} if block == "refers" else {"n": number}
        if len(frame) != ROWS or any(not (frame[name] == value).all() for name, value in expected.items()):
            yield f"{latest.ref} holds something else"
    unforced = store.latest(Address("p", "unforced"))
    if unforced is not None:
        yield f"{unforced.ref} counts, though it was not forced"
    report = store.clean(CleanPolicy(keep_last=1, draft_grace=0, now=time.time() + 100_000))
    after = put(store, "several", {"n": 1})
    if any((latest := store.latest(Address("p", block))) is None for block in counts):
        yield f"cleaning took more than it should ({report})"
    if after.ref.version <= f"{counts['several']:08d}":
        yield "a number was given out twice"


if __name__ == "__main__":
    sys.exit(main())

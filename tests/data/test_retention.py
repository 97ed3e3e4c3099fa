from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from penstock.data import CleanPolicy
from penstock.model.errors import ProductCorruptError, ProductMissingError
from penstock.model.messages import TestOutcome
from penstock.model.product import Address
from tests.patience import PATIENCE

B = Address("p", "b")
HOUR = 3600.0


def data_files(shelf) -> set[str]:
    return {key for key in shelf.store.backend.walk("products") if "/d/" in key}


def test_by_count_by_age_and_by_both(shelf):
    made = [shelf.put(number, block="b") for number in range(5)]
    later = time.time() + HOUR
    assert shelf.store.clean(CleanPolicy()).versions == 0
    assert shelf.store.clean(CleanPolicy(older_than=2 * HOUR, now=later)).versions == 0
    assert shelf.store.clean(CleanPolicy(older_than=2 * HOUR, keep_last=1, now=later)).versions == 0
    assert shelf.store.clean(CleanPolicy(older_than=0.5 * HOUR, keep_last=4, now=later)).versions == 1
    dry = shelf.store.clean(CleanPolicy(keep_last=2, dry_run=True))
    assert (dry.versions, dry.refs) == (2, (made[2].ref, made[1].ref))
    assert len(shelf.store.versions(B)) == 4
    assert shelf.store.clean(CleanPolicy(keep_last=2)).versions == 2
    assert shelf.store.clean(CleanPolicy(older_than=0, now=later)).versions == 1
    assert shelf.store.versions(B) == [made[4]]
    assert shelf.put(9, block="b").ref.version.startswith("00000006")


def test_the_latest_good_version_stays_and_so_do_pinned_ones_and_other_pipelines(shelf):
    pinned = shelf.put(0, block="b")
    good = shelf.put(1, block="b")
    failed = [shelf.put(2, block="b", checks=[TestOutcome("t", passed=False)]) for _ in range(3)]
    other = [shelf.put(3, block="b", pipeline="q") for _ in range(2)]
    policy = CleanPolicy(keep_last=1, older_than=0, now=time.time() + 1, pinned={pinned.ref}, pipeline="p")
    assert shelf.store.clean(policy).versions == 2
    assert shelf.store.versions(B) == [failed[2], good, pinned]
    assert len(shelf.store.versions(Address("q", "b"))) == len(other)


def test_old_partitions_go_as_a_whole(shelf):
    kept = shelf.put(0, block="b")
    for day in ("2013-01-01", "2013-01-02"):
        for number in range(2):
            shelf.put(number, block="b", partition=day)
    pinned = shelf.put(pd.DataFrame({"n": range(10**5)}), block="b", partition="2013-01-03")
    later = time.time() + HOUR
    assert shelf.store.clean(CleanPolicy(keep_last=1, older_than=2 * HOUR, now=later)).versions == 0
    assert shelf.store.clean(CleanPolicy(keep_last=1, dry_run=True)).versions == 2
    assert shelf.store.clean(CleanPolicy(keep_last=1, older_than=0.5 * HOUR, now=later, dry_run=True)).versions == 2
    policy = CleanPolicy(older_than=0.5 * HOUR, now=later, pinned={pinned.ref})
    assert shelf.store.clean(policy).versions == 4
    assert set(shelf.store.addresses()) == {B, pinned.ref.address}
    assert shelf.store.versions(B) == [kept]
    assert shelf.store.clean(CleanPolicy(older_than=0.5 * HOUR, now=later)).bytes > 10**5
    assert list(shelf.store.addresses()) == [B]
    assert shelf.store.load(shelf.put(7, block="b", partition="2013-01-03").ref) == 7


def test_a_file_that_a_kept_version_refers_to_outlives_its_own_version(shelf):
    first = shelf.put(pd.DataFrame({"a": np.arange(10**5), "b": np.arange(10**5) / 2}), block="b")
    loaded = shelf.store.load(first.ref)
    loaded["b"] = 1.5
    second = shelf.put(loaded, block="b")
    third = shelf.put(5, block="b")
    unrelated = shelf.put(pd.DataFrame({"a": -np.arange(10**5)}), block="b")
    del loaded
    fourth = shelf.put(6, block="b")
    report = shelf.store.clean(CleanPolicy(keep_last=1, pinned={second.ref}))
    assert report.versions == 3
    assert (report.files, report.in_use) == (1, 0)
    assert report.bytes > 8 * 10**5
    assert shelf.store.versions(B) == [fourth, second]
    assert data_files(shelf) == {entry.key for entry in second.files}
    assert shelf.store.load(second.ref)["a"].tolist() == list(range(10**5))
    for gone in (first, third, unrelated):
        with pytest.raises(ProductMissingError):
            shelf.store.load(gone.ref)


def test_what_is_being_read_stays_until_it_is_not(shelf):
    first = shelf.put(np.arange(10**5), block="b")
    loaded = shelf.store.load(first.ref)
    shelf.put(1, block="b")
    report = shelf.store.clean(CleanPolicy(keep_last=1))
    assert (report.versions, report.files, report.in_use) == (1, 0, 1)
    # A column of it may still be handed on.
    second = shelf.put(loaded, block="c")
    assert [entry.own for entry in second.files] == [False]
    del loaded
    assert shelf.store.clean(CleanPolicy(keep_last=1)).in_use == 0
    assert shelf.store.load(second.ref)[-1] == 10**5 - 1


def test_another_process_that_reads_keeps_its_file(shelf):
    first = shelf.put(np.arange(10**5), block="b")
    shelf.put(1, block="b")
    program = f"""
import sys
from penstock.data import ProductStore
from penstock.model.product import Address
store = ProductStore({str(shelf.store.root)!r})
value = store.load(store.versions(Address("p", "b"))[1].ref)
print("mapped", flush=True)
sys.stdin.readline()
print(value.sum(), flush=True)
"""
    reader = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "mapped\n"
    assert shelf.store.clean(CleanPolicy(keep_last=1)).in_use == 1
    assert reader.communicate("\n", timeout=PATIENCE)[0] == f"{sum(range(10**5))}\n"
    assert shelf.store.clean(CleanPolicy(keep_last=1, draft_grace=0)).files == 1
    assert first.ref not in [manifest.ref for manifest in shelf.store.versions(B)]


def test_drafts_of_the_living_stay_and_those_of_the_dead_go(shelf):
    draft = shelf.store.draft(B, shelf.store.issue_fence("r", "b"))
    draft.add(np.arange(1000))
    assert shelf.store.clean(CleanPolicy(draft_grace=0)).files == 0
    program = f"""
import os
import numpy as np
from penstock.data import ProductStore
from penstock.model.product import Address
store = ProductStore({str(shelf.store.root)!r})
store.draft(Address("p", "dead"), store.issue_fence("r", "dead")).add(np.arange(1000))
os._exit(1)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    assert len(data_files(shelf)) == 4
    assert shelf.store.clean(CleanPolicy(draft_grace=HOUR)).files == 0
    assert shelf.store.clean(CleanPolicy(draft_grace=0)).files == 2
    draft.publish(shelf.put(1, block="other").lineage, fingerprint="f" * 64)
    assert shelf.store.load(shelf.store.versions(B)[0].ref).sum() == sum(range(1000))


def test_an_unreadable_manifest_stops_cleaning_before_anything_is_lost(shelf):
    manifests = [shelf.put(np.arange(1000), block="b") for _ in range(3)]
    before = data_files(shelf)
    (Path(shelf.store.root) / "products/p/b/_/m/00000002.json").write_text('{"half')
    with pytest.raises(ProductCorruptError):
        shelf.store.clean(CleanPolicy(keep_last=1))
    assert data_files(shelf) == before
    assert shelf.store.load(manifests[0].ref)[-1] == 999


def test_cleaning_while_others_publish_and_read_loses_nothing(shelf):
    stop = threading.Event()
    problems: list[BaseException] = []

    def cleaning() -> None:
        while not stop.is_set():
            try:
                shelf.store.clean(CleanPolicy(keep_last=1, draft_grace=0))
            except BaseException as error:  # noqa: BLE001 - reported below
                problems.append(error)

    shelf.put(pd.DataFrame({"a": np.arange(10**4), "b": np.zeros(10**4)}), block="b")
    thread = threading.Thread(target=cleaning)
    thread.start()
    try:
        for number in range(60):
            while True:
                latest = shelf.store.latest(B)
                assert latest is not None
                try:
                    loaded = shelf.store.load(latest.ref)
                except ProductMissingError:
                    continue
                break
            assert loaded["a"].sum() == sum(range(10**4))
            loaded["b"] = float(number)
            assert shelf.store.load(shelf.put(loaded, block="b").ref)["b"].iloc[-1] == number
    finally:
        stop.set()
        thread.join()
    assert problems == []
    shelf.store.clean(CleanPolicy(keep_last=1, draft_grace=0))
    del loaded
    shelf.store.clean(CleanPolicy(keep_last=1, draft_grace=0))
    latest = shelf.store.latest(B)
    assert data_files(shelf) == {entry.key for entry in latest.files}


def test_fences_of_runs_of_long_ago_are_forgotten(shelf):
    shelf.put(1, block="b")
    assert list(shelf.store.backend.walk("runs"))
    shelf.store.clean(CleanPolicy(now=time.time() + 6 * 24 * HOUR))
    assert list(shelf.store.backend.walk("runs"))
    shelf.store.clean(CleanPolicy(now=time.time() + 8 * 24 * HOUR))
    assert list(shelf.store.backend.walk("runs")) == []


def test_manifests_that_were_never_linked_go(shelf):
    shelf.put(1, block="b")
    left = Path(shelf.store.root) / "products/p/b/_/m/.new-0123"
    left.write_text("half")
    assert len(shelf.store.versions(B)) == 1
    shelf.store.clean(CleanPolicy())
    assert left.exists()
    shelf.store.clean(CleanPolicy(draft_grace=0))
    assert not left.exists()


def test_nothing_to_clean(shelf):
    assert shelf.store.clean(CleanPolicy(keep_last=1)).versions == 0
    assert not Path(shelf.store.root).exists()

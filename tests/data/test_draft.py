from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.data import CleanPolicy, ProductStore, fingerprint, writing
from penstock.model.errors import FenceError, ProductMissingError, StorageError, ValueRefusedError
from penstock.model.messages import TestOutcome
from penstock.model.product import Address, Fence, Lineage
from tests.data.publishing import STEPS
from tests.patience import PATIENCE
from tests.small_disk import fill, small_disk

ADDRESS = Address("p", "b")


def publisher(root: Path, run: str, token: int, stop_at: str, action: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.data.publishing", str(root), run, str(token), stop_at, action]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_nothing_or_all_of_it_is_visible(tmp_path, step):
    store = ProductStore(tmp_path)
    fence = store.issue_fence("r", "b")
    worker = publisher(tmp_path, "r", fence.token, step, "kill")
    worker.communicate(timeout=PATIENCE)
    assert worker.returncode == -signal.SIGKILL
    seen = store.latest(ADDRESS)
    assert (seen is not None) is (step in {"published", "done"})
    if seen is not None:
        frame, rest = store.load(seen.ref)
        assert len(frame) == 10_000
        assert rest["run"] == "r"
        with pytest.raises(FenceError, match="published already"):
            publish(store, fence)
    else:
        assert list(store.addresses()) == []
    again = publish(store, store.issue_fence("r", "b"))
    assert store.latest(ADDRESS) == again
    report = store.clean(CleanPolicy(draft_grace=0))
    assert report.versions == 0
    assert [name for name in files(tmp_path) if "/.new-" in name or name.endswith("owner")] == []
    kept = {entry.key for manifest in store.versions(ADDRESS) for entry in manifest.files}
    assert {name for name in files(tmp_path) if "/d/" in name} == kept


def publish(store: ProductStore, fence: Fence, value: object = 1) -> object:
    with store.draft(ADDRESS, fence) as draft:
        draft.add(value)
        return draft.publish(Lineage(), fingerprint=fingerprint(Lineage()))


def test_an_attempt_that_was_given_up_cannot_publish(tmp_path):
    store = ProductStore(tmp_path)
    old = store.issue_fence("r", "b")
    zombie = publisher(tmp_path, "r", old.token, "publish", "wait")
    assert zombie.stdout is not None
    assert zombie.stdout.readline() == "publish\n"
    new = publish(store, store.issue_fence("r", "b"))
    zombie.communicate("\n", timeout=PATIENCE)
    assert zombie.returncode != 0
    assert store.versions(ADDRESS) == [new]


def test_a_new_attempt_waits_while_another_one_is_publishing(tmp_path):
    store = ProductStore(tmp_path)
    publishing = publisher(tmp_path, "r", store.issue_fence("r", "b").token, "link", "wait")
    assert publishing.stdout is not None
    assert publishing.stdout.readline() == "link\n"
    issuing = subprocess.Popen(
        [sys.executable, "-c", f"from penstock.data import ProductStore as S; print(S({str(tmp_path)!r}).issue_fence('r', 'b').token)"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        issuing.wait(0.5)
    publishing.communicate("\n", timeout=PATIENCE)
    assert publishing.returncode == 0
    assert issuing.communicate(timeout=PATIENCE)[0] == "2\n"
    assert len(store.versions(ADDRESS)) == 1


def test_two_publishers_at_once_both_get_a_version(tmp_path):
    store = ProductStore(tmp_path)
    workers = [
        publisher(tmp_path, run, store.issue_fence(run, "b").token, "link", "wait") for run in ("one", "two", "three")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "link\n"
    for worker in workers:
        worker.communicate("\n", timeout=PATIENCE)
        assert worker.returncode == 0
    versions = store.versions(ADDRESS)
    assert {manifest.lineage.run for manifest in versions} == {"one", "two", "three"}
    assert [manifest.ref.version[:8] for manifest in versions] == ["00000003", "00000002", "00000001"]
    assert all(store.load(manifest.ref)[1]["run"] == manifest.lineage.run for manifest in versions)


def test_a_fence_counts_and_lets_through_once(tmp_path):
    store = ProductStore(tmp_path)
    assert [store.issue_fence("r", "b").token for _ in range(3)] == [1, 2, 3]
    assert store.issue_fence("r", "other").token == 1
    with pytest.raises(FenceError, match="attempt 3 has been started"):
        publish(store, Fence("r", "b", 2))
    publish(store, Fence("r", "b", 3))
    with pytest.raises(FenceError, match="published already"):
        publish(store, Fence("r", "b", 3))
    for never in (Fence("r", "b", 4), Fence("r", "b", 0), Fence("unknown", "b", 1)):
        with pytest.raises(FenceError, match="never started"):
            publish(store, never)
    assert len(store.versions(ADDRESS)) == 1


def test_a_damaged_fence_lets_nobody_through_and_counts_on(tmp_path):
    store = ProductStore(tmp_path)
    fence = store.issue_fence("r", "b")
    (tmp_path / "runs" / "r" / "b.fence").write_bytes(b"{torn")
    with pytest.raises(FenceError):
        publish(store, fence)
    publish(store, store.issue_fence("r", "b"))


def test_what_is_not_published_leaves_nothing(tmp_path):
    store = ProductStore(tmp_path)
    with store.draft(ADDRESS, store.issue_fence("r", "b")) as draft:
        draft.add(pd.DataFrame({"a": range(10)}))
        assert [name for name in files(tmp_path) if "/d/" in name]
    assert [name for name in files(tmp_path) if "/d/" in name] == []
    with pytest.raises(FenceError, match="ended"):
        draft.add(1)


def test_a_mistake_in_the_statistics_is_not_told_as_one_of_the_columns_type(tmp_path, monkeypatch):
    def mistaken(*_, **__):  # no table is known of which Arrow makes no statistics
        return pa.array(["x"]).cast(pa.int8())

    monkeypatch.setattr(writing, "column_statistics", mistaken)
    store = ProductStore(tmp_path)
    with (
        store.draft(ADDRESS, store.issue_fence("r", "b")) as draft,
        pytest.raises(pa.ArrowInvalid, match="Failed to parse"),
    ):
        draft.add(pa.table({"a": [1, 2]}))


def test_names_of_outputs(tmp_path):
    store = ProductStore(tmp_path)
    draft = store.draft(ADDRESS, store.issue_fence("r", "b"))
    assert [draft.add(1).name, draft.add(2, "chosen").name, draft.add(3).name] == ["output_0", "chosen", "output_2"]
    for bad in ("chosen", "", "../x", "a/b", "ü"):
        with pytest.raises(ValueRefusedError):
            draft.add(4, bad)
    ref = draft.publish(Lineage(), fingerprint="f" * 64).ref
    assert store.load(ref, "chosen") == 2
    with pytest.raises(ProductMissingError, match="no such output"):
        store.load(ref, "nope")


def test_failed_checks_keep_the_version_and_hide_it(shelf):
    good = shelf.put(1, block="b")
    bad = shelf.put(2, block="b", checks=[TestOutcome("ok", passed=True), TestOutcome("no", passed=False, error="x")])
    assert shelf.store.latest(Address("p", "b")) == good
    assert shelf.store.versions(Address("p", "b")) == [bad, good]
    assert shelf.store.load(bad.ref) == 2


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    with small_disk(tmp_path / "disk", 2) as disk:
        store = ProductStore(disk / "store")
        kept = publish(store, store.issue_fence("r", "b"), np.arange(1000))
        for value in (pd.DataFrame({"a": np.random.default_rng(0).random(10**6)}), np.zeros(10**6), "x" * 10**7):
            with pytest.raises(StorageError, match="no space left on device") as refusal:
                publish(store, store.issue_fence("r", "b"), value)
            assert "\n" not in refusal.value.message
            assert refusal.value.hint
        assert store.versions(ADDRESS) == [kept]
        assert len([name for name in files(disk) if "/d/" in name]) == 1
        # Full to the last byte: not even the manifest fits.
        draft = store.draft(ADDRESS, store.issue_fence("r", "b"))
        draft.add(1)
        fill(disk / "filler")
        with pytest.raises(StorageError, match="no space left on device"):
            draft.publish(Lineage(), fingerprint="f" * 64)
        assert store.versions(ADDRESS) == [kept]
        (disk / "filler").unlink()
        publish(store, store.issue_fence("r", "b"))
        assert [name for name in files(disk) if "/.new-" in name] == []


def shared_among_files(monkeypatch, files: int) -> None:
    """Have tables of a megabyte written as those of many are."""
    monkeypatch.setattr(writing, "_SHARE", 1 << 18)
    monkeypatch.setattr(writing, "AT_ONCE", files)


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_a_large_table_is_written_to_several_files_at_the_same_time(tmp_path, monkeypatch, library):
    shared_among_files(monkeypatch, 3)
    plain = pd.DataFrame({f"n{at}": np.arange(50_000) * at for at in range(5)})
    plain["text"] = [f"value {at}" for at in range(50_000)]
    frame = {"pandas": plain, "polars": pl.from_pandas(plain), "arrow": pa.Table.from_pandas(plain)}[library]
    store = ProductStore(tmp_path)
    kept = publish(store, store.issue_fence("r", "b"), frame)
    assert len(kept.files) == 3
    sizes = [entry.size for entry in kept.files]
    assert max(sizes) < 2 * min(sizes)
    back = store.load(kept.ref)
    assert back.equals(frame)
    # A column that changes is written for itself; the others stay where they are, in every one of the files.
    if library == "pandas":
        back["n0"] = back["n0"] + 1
        again = publish(store, store.issue_fence("r2", "b"), back)
        assert {entry.key for entry in again.files if not entry.own} == {entry.key for entry in kept.files}
        assert store.load(again.ref).equals(back)


def test_several_files_that_cannot_be_written_leave_nothing(tmp_path, monkeypatch):
    shared_among_files(monkeypatch, 4)
    store = ProductStore(tmp_path)
    small = np.arange(10**5, dtype="i2")
    frame = pd.DataFrame({"a": np.arange(10**5), "b": small, "c": np.arange(10**5) * 2, "d": small * 2})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:  # two of the four are small enough
        with pytest.raises(StorageError, match="file too large"):
            publish(store, store.issue_fence("r", "b"), frame)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [name for name in files(tmp_path) if "/d/" in name] == []


def test_a_limit_on_the_size_of_files(tmp_path):
    store = ProductStore(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageError, match="file too large"):
            publish(store, store.issue_fence("r", "b"), pd.DataFrame({"a": np.arange(10**5)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [name for name in files(tmp_path) if "/d/" in name] == []


def test_a_read_only_root(tmp_path):
    store = ProductStore(tmp_path / "disk" / "store")
    (tmp_path / "disk").mkdir()
    kept = publish(store, store.issue_fence("r", "b"), pd.DataFrame({"a": [1]}))
    if os.geteuid():
        for path in [tmp_path / "disk", *(tmp_path / "disk").rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        undo = None
    else:
        subprocess.run(["mount", "--bind", tmp_path / "disk", tmp_path / "disk"], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", tmp_path / "disk"], check=True)
        undo = ["umount", tmp_path / "disk"]
    try:
        with pytest.raises(StorageError, match=r"read-only file system|permission denied") as refusal:
            store.issue_fence("r2", "b")
        assert refusal.value.hint
        assert store.latest(ADDRESS) == kept
        assert store.load(kept.ref)["a"].tolist() == [1]
        assert store.table(kept.ref).num_rows == 1
        assert store.clean(CleanPolicy(keep_last=1, dry_run=True)).versions == 0
        with pytest.raises(StorageError):
            store.clean(CleanPolicy(keep_last=1))
    finally:
        if undo is not None:
            subprocess.run(undo, check=True)
        else:
            for path in [tmp_path / "disk", *(tmp_path / "disk").rglob("*")]:
                path.chmod(0o755)


def test_a_tiny_output_needs_no_table_library(tmp_path):
    program = f"""
import sys
from penstock.data import ProductStore, CleanPolicy, fingerprint, page, diff, export
from penstock.model.product import Address, Lineage
store = ProductStore({str(tmp_path)!r})
draft = store.draft(Address("p", "b"), store.issue_fence("r", "b"))
draft.add({{"answer": [1, "x", None, (2.5,)]}})
ref = draft.publish(Lineage(), fingerprint=fingerprint(Lineage())).ref
assert store.load(ref) == {{"answer": [1, "x", None, (2.5,)]}}
store.clean(CleanPolicy(keep_last=1))
heavy = {{"pandas", "numpy", "pyarrow", "duckdb", "polars"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_manifest_is_plain_json(shelf):
    manifest = shelf.put({"a": 1}, block="b")
    document = json.loads(next(shelf.store.root.rglob("00000001.json")).read_text())
    assert document["format"] == 1
    assert document["ref"]["version"] == manifest.ref.version
    assert shelf.store.manifest(manifest.ref) == manifest

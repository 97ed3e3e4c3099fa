"""Versions that are forced to the disk after they were published, and what counts of them in a later boot."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from penstock.cli.data import find_manifest
from penstock.data import CleanPolicy, Durability, deferral, draft, local
from penstock.model.errors import ProductCorruptError, ProductMissingError
from penstock.model.product import Address

A = Address("p", "a")
pytestmark = pytest.mark.skipif(not deferral.this_boot(), reason="the kernel has no name for its boots")


@pytest.fixture
def later(make_shelf, monkeypatch):
    """A shelf whose publications are forced later, small ones too."""
    monkeypatch.setattr(local, "LATER", 0)
    monkeypatch.setattr(draft, "LATER", 0)
    shelf = make_shelf(durability=Durability.DEFERRED)
    assert shelf.store.may_defer()
    return shelf


@pytest.fixture
def reboot(monkeypatch):
    """Let the machine have been started anew."""
    return lambda: monkeypatch.setattr(deferral, "this_boot", lambda: "another boot")


def large(number: int) -> dict[str, object]:
    """A value that has a file of its own."""
    return {"n": number, "text": "x" * 20_000}


def manifest_file(shelf, number: int = 1) -> Path:
    return Path(shelf.store.root) / f"products/p/a/_/m/{number:08d}.json"


def test_in_its_own_boot_it_counts_at_once_for_every_process(later):
    manifest = later.put(large(1), block="a")
    assert later.store.latest(A) == manifest
    code = (
        "import sys; from penstock.data import ProductStore; from penstock.model.product import Address; "
        "store = ProductStore(sys.argv[1]); print(store.load(store.latest(Address('p', 'a')).ref)['n'])"
    )
    told = subprocess.run([sys.executable, "-c", code, later.store.root], capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"


def test_in_a_later_boot_only_what_was_forced_was_ever_published(later, reboot):
    first, second = (later.put(large(number), block="a") for number in (1, 2))
    later.store.force(first.ref)
    reboot()
    assert later.store.latest(A) == first
    assert later.store.versions(A) == [first]
    assert later.store.load(first.ref) == large(1)
    with pytest.raises(ProductMissingError):
        later.store.load(second.ref)
    third = later.put(large(3), block="a")
    assert third.ref.version.startswith("00000003"), "no number is given out twice"


def test_what_is_forced_are_its_files_those_it_refers_to_and_the_manifest(later, monkeypatch):
    frame = pd.DataFrame({"a": range(10_000), "b": range(10_000)})
    first = later.put(frame, block="b")
    second = later.put(later.store.load(first.ref).assign(b=1.5), block="a")
    forced = []
    monkeypatch.setattr(
        local, "_sync_data", lambda descriptor: forced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
    )
    later.store.force(second.ref)
    root = Path(later.store.root)
    expected = [root / entry.key for entry in second.files]
    assert len(expected) == 2
    assert forced[:3] == [*expected, manifest_file(later)]


@pytest.mark.parametrize("content", [b"", b"\0" * 900, b'{"ref": \0\0\0'])
def test_a_manifest_that_had_not_reached_the_disk_is_none(later, reboot, content):
    first = later.put(large(1), block="a")
    later.store.force(first.ref)
    later.put(large(2), block="a")
    manifest_file(later, 2).write_bytes(content)
    with pytest.raises(ProductCorruptError):  # in the same boot that is damage
        later.store.latest(A)
    reboot()
    assert later.store.latest(A) == first
    assert later.store.clean(CleanPolicy(keep_last=1, draft_grace=0)).versions == 0


def test_who_asks_for_what_a_power_cut_took_is_told_so(later, reboot):
    later.put(large(1), block="a")
    assert find_manifest(later.store, "p/a").ref.address == A
    reboot()
    with pytest.raises(ProductMissingError, match="p/a: the machine stopped before it was safe on the disk"):
        find_manifest(later.store, "p/a")
    with pytest.raises(ProductMissingError, match="p/b: nothing of that name is stored"):
        find_manifest(later.store, "p/b")


def test_without_the_note_an_empty_manifest_is_damage(shelf, reboot):
    shelf.put({"n": 1}, block="a")
    manifest_file(shelf).write_bytes(b"")
    reboot()
    with pytest.raises(ProductCorruptError):
        shelf.store.latest(A)


def test_cleaning_takes_the_mark_along_and_after_a_day_what_never_counted(later, reboot):
    frame = pd.DataFrame({"a": range(10_000)})
    first, second = (later.put(frame + number, block="a") for number in range(2))
    for manifest in (first, second):
        later.store.force(manifest.ref)
    later.put(frame + 2, block="a")
    reboot()
    report = later.store.clean(CleanPolicy(keep_last=1, draft_grace=0))
    assert (report.versions, report.files) == (1, 1), "another machine may be at the third"
    names = {path.name for path in manifest_file(later).parent.iterdir()}
    assert names == {"00000002.json", "00000003.json", ".forced-00000002.json"}
    report = later.store.clean(CleanPolicy(keep_last=1, draft_grace=0, now=time.time() + 100_000))
    assert (report.versions, report.files) == (0, 1)
    assert {path.name for path in manifest_file(later).parent.iterdir()} == {"00000002.json", ".forced-00000002.json"}
    pd.testing.assert_frame_equal(later.store.load(second.ref), frame + 1)


def test_a_cleaning_that_is_cut_off_leaves_no_mark_for_who_gets_the_number_again(later, reboot, monkeypatch):
    first = later.put(large(1), block="a", partition="day")
    later.store.force(first.ref)
    delete = local.LocalBackend.delete_unused

    def cut_off(backend, key):
        delete(backend, key)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(local.LocalBackend, "delete_unused", cut_off)
        with pytest.raises(KeyboardInterrupt):
            later.store.clean(CleanPolicy(older_than=0, now=time.time() + 1))
    second = later.put(large(2), block="a", partition="day")
    assert second.ref.version.partition("-")[0] == first.ref.version.partition("-")[0]
    reboot()
    assert later.store.latest(second.ref.address) is None


def test_who_refers_to_what_was_not_forced_and_is_forced_itself_forces_it(later, monkeypatch):
    frame = pd.DataFrame({"a": range(10_000), "b": range(10_000)})
    first = later.put(frame, block="b")
    forced = []
    sync = local._sync_data
    monkeypatch.setattr(
        local, "_sync_data", lambda at: (forced.append(Path(f"/proc/self/fd/{at}").readlink()), sync(at))
    )
    power = type(later)(Path(later.store.root), durability=Durability.POWER)
    second = power.put(power.store.load(first.ref).assign(b=1.5), block="c")
    assert second.boot == ""
    assert Path(later.store.root) / first.files[0].key in forced


def test_forcing_what_is_gone_or_was_forced_is_no_error(later, shelf):
    manifest = later.put(large(1), block="a")
    later.store.force(manifest.ref)
    later.store.force(manifest.ref)
    manifest_file(later).unlink()
    later.store.force(manifest.ref)
    forced = shelf.put({"n": 2}, block="b")
    shelf.store.force(forced.ref)
    assert not list(Path(shelf.store.root, "products/p/b").rglob(".forced-*"))


def test_what_is_small_is_forced_at_once_unless_it_needs_what_is_not(make_shelf):
    shelf = make_shelf(durability=Durability.DEFERRED)
    assert shelf.put(large(1), block="a").boot == ""
    frame = pd.DataFrame({"a": range(2_000_000), "b": 1})
    first = shelf.put(frame, block="b")
    assert first.boot == deferral.this_boot()
    second = shelf.put(shelf.store.load(first.ref)[["a"]], block="c")
    assert [entry.own for entry in second.files] == [False]
    assert second.boot == deferral.this_boot()


def test_where_boots_have_no_names_nothing_is_deferred(make_shelf, monkeypatch):
    monkeypatch.setattr(deferral, "this_boot", str)
    assert not make_shelf().store.may_defer()

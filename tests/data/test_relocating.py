from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.data.relocating import Relocation, relocate
from penstock.model.errors import EditRefusedError
from penstock.model.product import Address

if TYPE_CHECKING:
    from tests.data.conftest import Shelf


def _frame():
    import pandas as pd

    return pd.DataFrame({"n": range(100_000), "word": ["a", "b"] * 50_000})


def test_a_pipeline_takes_its_versions_along(shelf: Shelf) -> None:
    first = shelf.put(_frame(), block="load", pipeline="old")
    shelf.put({"a": 1}, block="load", pipeline="old")
    shelf.put({"a": 1}, block="load", pipeline="other")
    assert relocate(shelf.store.root, Relocation("old", "Neu 项目/x"))
    address = Address("Neu 项目/x", "load")
    versions = shelf.store.versions(address)
    assert [version.ref.version for version in versions][-1] == first.ref.version
    assert shelf.store.load(versions[-1].ref).equals(_frame())
    assert shelf.store.versions(Address("old", "load")) == []
    assert {str(each) for each in shelf.store.addresses()} == {"Neu 项目/x/load", "other/load"}
    assert shelf.store.load(shelf.put(7, block="load", pipeline="Neu 项目/x").ref) == 7


def test_a_block_takes_the_columns_along_that_others_refer_to(shelf: Shelf) -> None:
    first = shelf.put(_frame(), block="load", pipeline="p")
    frame = shelf.store.load(first.ref)
    frame["more"] = 1
    second = shelf.put(frame, block="wider", pipeline="p")
    assert any(not entry.own for entry in second.files), "the case needs a shared column"
    assert relocate(shelf.store.root, Relocation("p", "p", ("load", "read")))
    assert shelf.store.load(second.ref).equals(frame)
    moved = shelf.store.latest(Address("p", "read"))
    assert moved is not None
    assert shelf.store.load(moved.ref).equals(_frame())


def test_what_lies_at_the_new_address_stays(shelf: Shelf) -> None:
    shelf.put(1, block="b", pipeline="old")
    shelf.put(2, block="b", pipeline="new")
    assert not relocate(shelf.store.root, Relocation("old", "new"))
    latest = shelf.store.latest(Address("new", "b"))
    assert latest is not None
    assert shelf.store.load(latest.ref) == 2
    assert relocate(shelf.store.root, Relocation("never there", "x"))


def test_an_attempt_that_is_writing_is_not_moved(shelf: Shelf) -> None:
    import numpy as np

    shelf.put(1, block="b", pipeline="old")
    address = Address("old", "b")
    with shelf.store.draft(address, shelf.store.issue_fence("r", "b")) as draft:
        draft.add(np.arange(100_000))
        with pytest.raises(EditRefusedError):
            relocate(shelf.store.root, Relocation("old", "new"))
    assert shelf.store.latest(address) is not None

"""What a block has yielded and not published: read by its part, kept while the run goes on, gone with its end."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from penstock.data import CleanPolicy, fingerprint
from penstock.model.errors import FenceError, ProductMissingError
from penstock.model.messages import TestOutcome
from penstock.model.product import Address, Fence, Lineage, PartName, ProductRef, part_of

B = Address("p", "b")
DAY = 86_400.0


def part(fence: Fence, number: int) -> ProductRef:
    return ProductRef(B, PartName(fence.run, fence.token, number).version())


def yielding(shelf, values, fence: Fence, *, then=None):
    """A draft that has yielded those; what `then` says is done with it after each."""
    draft = shelf.store.draft(B, fence)
    count = 0

    def heard(_, written):
        nonlocal count
        draft.publish_part(count, written)
        count += 1
        if then is not None:
            then(count)

    draft.add_parts(iter(values), heard=heard)
    return draft


def data_files(shelf) -> set[str]:
    return {key for key in shelf.store.backend.walk("products") if "/d/" in key}


def documents(shelf) -> set[str]:
    return set(shelf.store.backend.walk("parts"))


def test_a_part_can_be_read_as_soon_as_it_is_told(shelf):
    fence = shelf.store.issue_fence("r-1", "b")
    frames = [pd.DataFrame({"a": [at, at + 1], "t": ["x", "y"]}) for at in range(3)]
    seen = []

    def then(count):
        seen.append(shelf.store.load(part(fence, count - 1)))
        with pytest.raises(ProductMissingError):
            shelf.store.manifest(part(fence, count))

    with yielding(shelf, [*frames, {"n": 7}], fence, then=then) as draft:
        assert shelf.store.latest(B) is None
        manifest = draft.publish(Lineage(run="r-1"), fingerprint=fingerprint(Lineage(run="r-1")))
    assert [found["a"].tolist() for found in seen[:3]] == [[0, 1], [1, 2], [2, 3]]
    assert seen[3] == {"n": 7}
    assert shelf.store.part(manifest, 1)["a"].tolist() == [1, 2]
    assert shelf.store.part(manifest, 3) == {"n": 7}
    own = {entry.key for entry in manifest.files}
    assert {entry.key for entry in shelf.store.manifest(part(fence, 2)).files} < own, "nothing is stored twice"


def test_an_attempt_that_was_superseded_yields_nothing_more(shelf):
    fence = shelf.store.issue_fence("r", "b")
    with pytest.raises(FenceError, match="attempt 2 has been started since"):
        yielding(shelf, [[1], [2]], fence, then=lambda _: shelf.store.issue_fence("r", "b"))
    assert shelf.store.load(part(fence, 0)) == [1]
    with pytest.raises(ProductMissingError):
        shelf.store.manifest(part(fence, 1))


def test_the_end_of_a_run_takes_its_parts_and_leaves_data_that_came_to_nothing_to_clean(shelf):
    frame = pd.DataFrame({"a": range(1000)})
    given_up = yielding(shelf, [frame, frame + 1], shelf.store.issue_fence("r", "b"))
    given_up.abandon()
    assert shelf.store.load(part(Fence("r", "b", 1), 1))["a"].tolist() == list(range(1, 1001)), "children may read on"
    left = data_files(shelf)
    unfit = yielding(shelf, [frame * 2], shelf.store.issue_fence("r", "b"))
    unfit.publish(Lineage(run="r"), fingerprint="f" * 64, checks=[TestOutcome("t", passed=False)])
    good = yielding(shelf, [frame * 3], shelf.store.issue_fence("r", "b"))
    manifest = good.publish(Lineage(run="r"), fingerprint="e" * 64)
    other = shelf.store.issue_fence("another", "b")
    yielding(shelf, [frame], other).abandon()
    shelf.store.forget_parts(shelf.store.yielding("r"))
    assert data_files(shelf) >= left
    shelf.store.clean(CleanPolicy(now=time.time() + DAY, draft_grace=0))
    assert not data_files(shelf) & left
    assert [version.good for version in shelf.store.versions(B)] == [True, False]
    for version in shelf.store.versions(B):
        assert len(shelf.store.load(version.ref)) == 1000, "what was published stays, be it unfit"
    assert shelf.store.load(manifest.ref)["a"].tolist() == [3 * at for at in range(1000)]
    assert all(key.startswith("parts/another/") for key in documents(shelf))
    assert shelf.store.load(part(other, 0))["a"].tolist() == list(range(1000))
    shelf.store.forget_parts(shelf.store.yielding("another"))
    assert shelf.store.yielding("nobody") == []
    assert not shelf.store.backend.list("parts")


def test_what_a_child_has_stored_outlives_the_attempt_that_its_item_came_from(shelf):
    fence = shelf.store.issue_fence("r", "b")
    given_up = yielding(shelf, [pd.DataFrame({"a": range(100_000)})], fence)
    given_up.abandon()
    child = Address("p", "c", "_")
    frame = shelf.store.load(part(fence, 0))
    draft = shelf.store.draft(child, shelf.store.issue_fence("r", "c"))
    draft.add(frame.assign(b=1))
    manifest = draft.publish(Lineage(run="r"), fingerprint="c" * 64)
    assert any(not entry.own for entry in manifest.files), "the column of the item is not stored again"
    del frame
    shelf.store.forget_parts(shelf.store.yielding("r"))
    shelf.store.clean(CleanPolicy(now=time.time() + DAY, draft_grace=0))
    assert shelf.store.load(manifest.ref)["a"].tolist() == list(range(100_000))


def test_an_attempt_that_has_begun_since_keeps_what_it_has_yielded(shelf):
    yielding(shelf, [[1]], shelf.store.issue_fence("r", "b")).abandon()
    ended = shelf.store.yielding("r")
    again = shelf.store.issue_fence("r", "b")
    yielding(shelf, [[2]], again)
    shelf.store.forget_parts(ended)
    assert shelf.store.load(part(again, 0)) == [2]
    assert shelf.store.yielding("r") == ["parts/r/b/2"]


def test_cleaning_spares_what_children_may_read_until_nobody_comes_back_to_the_run(shelf):
    fence = shelf.store.issue_fence("r", "b")
    yielding(shelf, [pd.DataFrame({"a": range(1000)})], fence).abandon()
    later = time.time() + DAY
    assert shelf.store.clean(CleanPolicy(now=later, draft_grace=0)).files == 0
    assert len(shelf.store.load(part(fence, 0))) == 1000
    shelf.store.clean(CleanPolicy(now=later + 7 * DAY, draft_grace=0))
    assert documents(shelf) == data_files(shelf) == set()


@pytest.mark.parametrize("version", ["", "part", "part-1", "part-1-x-r", "00000001-abcdef01", "part-٣-1-r"])
def test_what_names_no_part(version):
    assert part_of(version) is None


def test_a_part_is_named_with_its_run_whatever_that_is_called():
    name = PartName("20260101-a-b", 3, 12)
    assert part_of(name.version()) == name

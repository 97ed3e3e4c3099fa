"""What a dynamic block has returned, read as items."""

from __future__ import annotations

import pandas as pd
import pytest

from penstock.engine.items import Tally, items_of, part_items, place_of
from penstock.model.errors import BlockFailedError
from penstock.model.product import Items


@pytest.mark.parametrize(
    ("outputs", "items", "told"),
    [
        ([], [], Items(0)),
        ([[]], [], Items(0)),
        ([[1, 2]], [1, 2], Items(2)),
        ([[1, 2], []], [1, 2], Items(2)),
        ([[1, 2], None], [1, 2], Items(2)),
        ([[1, 2], [{}, {}]], [1, 2], Items(2)),
        ([[1, 2], [{"block_uuid": "a"}, {"block_uuid": 7}]], [1, 2], Items(2, ("a", "7"))),
        ([[1, 2], [{"block_uuid": "a"}, {"other": 7}]], [1, 2], Items(2, ("a", "1"))),
        ([[1, 2], [{"block_uuid": " "}, {"block_uuid": None}]], [1, 2], Items(2, ("0", "1"))),
        ([{"a": 1}], [{"a": 1}], Items(1)),
        ([{"a": 1}, {"a": 2}, {"a": 3}], [{"a": 1}, {"a": 2}, {"a": 3}], Items(3)),
        (["text"], ["text"], Items(1)),
        ([[[1], [{"block_uuid": "x"}]]], None, None),
        ([[[[1], [{"block_uuid": "x"}]], [[2, 3], [{}, {}]]]], [1, 2, 3], Items(3, ("x", "1", "2"))),
    ],
)
def test_items_and_their_names(outputs, items, told):
    found = items_of(outputs, "many")
    if items is not None:
        assert [found.item(at) for at in range(len(found))] == items
        assert found.told() == told


def test_frames_series_and_arrays():
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    columns = {"n": [1, 2], "t": ["a", "b"]}
    for frame in (pd.DataFrame(columns, index=[7, 9]), pl.DataFrame(columns), pa.table(columns)):
        found = items_of([frame], "many")
        assert [found.item(at) for at in range(len(found))] == [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}]
        named = items_of([frame, [{"block_uuid": "x"}, {"block_uuid": "y"}]], "many")
        assert named.told() == Items(2, ("x", "y"))
        assert named.named(1) == {"block_uuid": "y"}
    for values in (pd.Series([5, 6], index=["a", "b"]), pl.Series([5, 6]), np.array([5, 6])):
        found = items_of([values], "many")
        assert [found.item(at) for at in range(len(found))] == [5, 6]
    rows = items_of([np.array([[1, 2], [3, 4], [5, 6]])], "many")
    assert rows.told() == Items(3)
    assert [rows.item(at).tolist() for at in range(3)] == [[1, 2], [3, 4], [5, 6]]
    cube = items_of([np.zeros((2, 2, 2))], "many")
    assert (cube.told(), cube.item(0).shape) == (Items(1), (2, 2, 2))
    several = items_of([pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]})], "many")
    assert [frame["a"].tolist() for frame in (several.item(0), several.item(1))] == [[1], [2]]


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ([[1, 2], [3, 4]], "its second list holds something that is no dict"),
        ([[1, 2], [{}]], "it has 2 items and metadata for 1"),
        ([[], [{}]], "it has 0 items and metadata for 1"),
    ],
)
def test_metadata_that_does_not_fit_is_refused(outputs, said):
    with pytest.raises(BlockFailedError, match=said):
        items_of(outputs, "many")


def test_a_shared_list_is_one_that_each_taker_may_change():
    assert items_of([[{"a": [1]}, {"a": [2]}]], "many").separable()
    assert not items_of([[{"a": 1}, object()]], "many").separable()


@pytest.mark.parametrize(
    ("part", "items", "names"),
    [
        ([[1, 2], [{"block_uuid": "x"}, {}]], [1, 2], ("x", "11")),
        ([[1, 2]], [1, 2], ()),
        ([1, 2, 3], [1, 2, 3], ()),
        ((1, 2), [1, 2], ()),
        ({"a": 1}, [{"a": 1}], ()),
        ("text", ["text"], ()),
        (None, [], ()),
        ([], [], ()),
    ],
)
def test_a_part_in_stream_mode_is_read_as_what_a_function_returns(part, items, names):
    found = part_items(part, "many")
    assert [found.item(at) for at in range(len(found))] == items
    assert found.told(10) == Items(len(items), names)


def test_frames_that_are_yielded_add_their_rows():
    tally = Tally()
    told = [tally.add(part, "many") for part in (pd.DataFrame({"a": [1, 2]}), None, [[3], [{"block_uuid": "x"}]], [4])]
    assert told == [Items(2), Items(0), Items(1, ("x",)), Items(1)]
    assert tally.told() == Items(4, ("0", "1", "x", "3"), (2, 0, 1, 1))
    assert [place_of((2, 0, 1, 1), item) for item in range(4)] == [(0, 0), (0, 1), (2, 0), (3, 0)]

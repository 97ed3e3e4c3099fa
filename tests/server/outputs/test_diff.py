"""Two versions of an output side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from penstock.model.errors import SettingInvalidError
from tests.server.outputs.conftest import Desk


def test_schema_rows_and_distributions(desk: Desk) -> None:
    before = desk.put(
        pd.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0], "t": ["a", "b", "b"], "gone": 1, "n": [1, 2, 3]}),
        block="d",
    )
    after = desk.put(
        pd.DataFrame(
            {
                "x": [2.0, 3.0, 21.0, None],
                "id": [1, 2, 3, 4],
                "t": ["b", "c", "b", "b"],
                "new": "x",
                "n": ["1", "2", "3", "4"],
            }
        ),
        block="d",
    )
    found = desk.diff(before, after)
    assert found["rows"] == {"before": 3, "after": 4}
    assert found["schema"] == {
        "added": [{"name": "new", "type": "str"}],
        "removed": [{"name": "gone", "type": "int64"}],
        "retyped": [{"name": "n", "before": "int64", "after": "str"}],
        "reordered": True,
    }
    by_name = {one["column"]: one for one in found["distributions"]}
    assert by_name["x"]["histogram"]["edges"][0] == 1.0
    assert by_name["x"]["histogram"]["edges"][-1] == 21.0
    assert by_name["x"]["histogram"]["before"][:3] == [1, 1, 1]
    assert sum(by_name["x"]["histogram"]["after"]) == 3
    assert by_name["x"]["nulls"] == {"before": 0, "after": 1}
    assert by_name["t"]["values"] == {"labels": ["b", "a", "c"], "before": [2, 1, 0], "after": [3, 0, 1]}
    assert by_name["n"]["histogram"] is None
    assert found["content_differs"]
    assert found["key_candidates"] == ["id"]
    assert found["keyed"] is None


def test_the_key_is_chosen_where_a_column_identifies_rows(desk: Desk) -> None:
    frame = pd.DataFrame({"price": [1.5, 2.5, 3.5], "sku": ["c", "a", "b"], "shop": ["x", "x", "y"]})
    before = desk.put(frame, block="chosen")
    after = desk.put(frame.assign(price=[1.5, 2.5, 4.5]), block="chosen")
    found = desk.diff(before, after, choose=True)
    assert (found["key_candidates"], found["keyed"]["keys"]) == (["sku", "price"], ["sku"])
    assert (found["keyed"]["changed"], found["keyed"]["changed_columns"]) == (1, {"price": 1})
    same = desk.put(frame.assign(price=[1.5, 2.5, 4.5]).iloc[::-1], block="chosen")
    reordered = desk.diff(after, same, choose=True)
    assert reordered["content_differs"]
    assert [reordered["keyed"][what] for what in ("added", "removed", "changed")] == [0, 0, 0]


def test_no_key_is_chosen_where_none_identifies_rows(desk: Desk) -> None:
    before, after = (desk.put(pd.DataFrame({"g": ["a", "a"], "n": [1, n]}), block="none") for n in (1, 2))
    assert desk.diff(before, after, choose=True)["keyed"] is None


def test_rows_by_key(desk: Desk) -> None:
    before = desk.put(
        pd.DataFrame({"k": [1, 2, 3, 4], "g": "x", "v": [1.0, np.nan, 3.0, 4.0], "w": ["a", None, "c", "d"]}), block="k"
    )
    after = desk.put(
        pd.DataFrame({"k": [5, 3, 2, 1], "g": "x", "v": [5.0, 30.0, np.nan, 1.0], "w": ["e", "c", "b", "a"]}), block="k"
    )
    keyed = desk.diff(before, after, "k")["keyed"]
    assert (keyed["added"], keyed["removed"], keyed["changed"]) == (1, 1, 2)
    assert keyed["changed_columns"] == {"v": 1, "w": 1}
    changed = [row for row in keyed["sample"] if row["change"] == "changed"]
    assert {row["after"]["k"]: (row["before"]["v"], row["after"]["v"]) for row in changed} == {
        "3": ("3", "30"),
        "2": (None, None),
    }
    assert [row["before"]["k"] for row in keyed["sample"] if row["change"] == "removed"] == ["4"]
    assert [row["after"]["k"] for row in keyed["sample"] if row["change"] == "added"] == ["5"]


def test_keys_of_several_columns_and_null(desk: Desk) -> None:
    frame = pa.table({"a": [1, 1, None], "b": ["x", "y", None], "v": [[1], [2], [3]]})
    other = pa.table({"a": [None, 1, 1], "b": [None, "x", "y"], "v": [[3], [1], [20]]})
    keyed = desk.diff(desk.put(frame, block="m"), desk.put(other, block="m"), "a", "b")["keyed"]
    assert (keyed["added"], keyed["removed"], keyed["changed"]) == (0, 0, 1)


def test_keys_that_do_not_identify_a_row_say_so(desk: Desk) -> None:
    one = desk.put(pd.DataFrame({"k": [1, 1], "v": [1, 2]}), block="dup")
    with pytest.raises(SettingInvalidError, match="several rows of version"):
        desk.diff(one, one, "k")
    with pytest.raises(SettingInvalidError, match="there is no column 'z'"):
        desk.diff(one, one, "z")


def test_the_same_values_do_not_differ(desk: Desk) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan], "c": pd.Categorical(["x", None]), "l": [[1], [2]]})
    found = desk.diff(desk.put(frame, block="same"), desk.put(frame.copy(), block="same"))
    assert not found["content_differs"]
    changed = frame.assign(b=[0.5, 1.0])
    assert desk.diff(desk.put(frame, block="same"), desk.put(changed, block="same"))["content_differs"]


def test_values_that_are_no_tables(desk: Desk) -> None:
    assert not desk.diff(desk.put({"a": 1}, block="j"), desk.put({"a": 1}, block="j"))["content_differs"]
    found = desk.diff(desk.put({"a": 1}, block="j"), desk.put([1], block="j"))
    assert (found["content_differs"], found["kinds"]) == (True, ["json", "json"])
    assert desk.diff(desk.put({"a": 1}, block="j"), desk.put(pd.DataFrame({"a": [1]}), block="j"))["kinds"] == [
        "json",
        "table",
    ]


def test_columns_of_one_file_are_known_to_be_unchanged(desk: Desk) -> None:
    first = desk.put(pa.table({"a": np.arange(50_000), "b": np.arange(50_000)}), block="kept")
    table = desk.store.table(first.ref)
    second = desk.put(table.set_column(1, "b", pa.array(np.arange(50_000) * 2)), block="kept")
    found = {one["column"]: one["unchanged"] for one in desk.diff(first, second)["distributions"]}
    assert found == {"a": True, "b": False}


def test_large_tables_in_another_order(desk: Desk) -> None:
    rows = 600_000
    keys = np.random.default_rng(1).permutation(rows)
    one = desk.put(pd.DataFrame({"k": np.arange(rows), "v": np.arange(rows) % 7}), block="large")
    values = keys % 7
    values[keys == 5] = 100
    other = desk.put(pd.DataFrame({"k": keys, "v": values}), block="large")
    keyed = desk.diff(one, other, "k")["keyed"]
    assert (keyed["added"], keyed["removed"], keyed["changed"]) == (0, 0, 1)
    assert keyed["sample"][0]["before"] == {"k": "5", "v": "5"}


def test_columns_that_hold_the_same_values_are_unchanged_wherever_they_are_stored(desk: Desk) -> None:
    first = desk.put(pd.DataFrame({"day": ["Mon", None], "parts": [[1, 2], None], "visits": [1, 2]}), block="same")
    second = desk.put(pd.DataFrame({"day": ["Mon", None], "parts": [[1, 2], None], "visits": [2, 1]}), block="same")
    found = {one["column"]: one["unchanged"] for one in desk.diff(first, second)["distributions"]}
    assert found == {"day": True, "parts": True, "visits": False}

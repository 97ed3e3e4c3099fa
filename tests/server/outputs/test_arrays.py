"""numpy arrays as tables: paged, sorted, filtered and downloaded like any other."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from penstock.model.errors import SettingInvalidError, ValueRefusedError
from penstock.server.outputs.reader import questions
from tests.server.outputs.conftest import Desk


def test_a_matrix_is_a_table_of_its_columns_paged_sorted_and_filtered(desk: Desk) -> None:
    stored = desk.put(np.arange(3_000).reshape(1_000, 3))
    page = desk.page(stored, offset=500, limit=2)
    assert page.names == ["0", "1", "2"]
    assert page.rows == [[1500, 1501, 1502], [1503, 1504, 1505]]
    assert page.head["total"] == 1_000
    assert page.notes(0)["penstock.type"] == "int64"
    assert desk.page(stored, limit=1, sort=[("2", True)]).rows == [[2997, 2998, 2999]]
    assert desk.page(stored, filters=[("1", "<", 5)]).rows == [[0, 1, 2], [3, 4, 5]]
    assert desk.download(stored, "csv").splitlines()[1] == b"0,1,2"


def test_one_axis_is_a_column(desk: Desk) -> None:
    page = desk.page(np.linspace(0, 1, 5, dtype=np.float32))
    assert page.names == ["value"]
    assert page.column(0) == [0, 0.25, 0.5, 0.75, 1]
    assert desk.profile(np.arange(10))[0]["name"] == "value"


def test_a_matrix_in_fortran_order_and_in_foreign_byte_order_reads_the_same(desk: Desk) -> None:
    array = np.arange(6).reshape(2, 3)
    for one in (np.asfortranarray(array), array.astype(">i4")):
        assert desk.page(one).rows == [[0, 1, 2], [3, 4, 5]]


def test_of_more_axes_one_place_is_shown(desk: Desk) -> None:
    stored = desk.put(np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5))

    def at(*place: int) -> list[int]:
        target = msgspec.structs.replace(desk.target(stored), place=place)
        head, content = desk.ask(questions.PageQuestion(target=target))
        assert (head["total"], head["columns_total"]) == (4, 5)
        return pa.ipc.open_stream(content).read_all().column(0).to_pylist()

    assert at() == at(0, 0) == [0, 5, 10, 15]
    assert at(1) == at(1, 0) == [60, 65, 70, 75]
    assert at(1, 2) == [100, 105, 110, 115]
    for place in [(2, 0), (0, 0, 0), (-1,)]:
        with pytest.raises(SettingInvalidError, match="no such place"):
            at(*place)


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (np.array([True, False]), [True, False]),
        (np.array(["a", "über"]), ["a", "über"]),
        (np.array([b"\x00\xff"]), ["00 ff"]),
        (np.array([1 + 2j]), ["(1+2j)"]),
        (np.array(["2024-02-29"], "datetime64[s]"), ["2024-02-29 00:00:00"]),
        (np.array([90], "timedelta64[s]"), ["90 seconds"]),
        (np.array([2**63], np.uint64), ["9223372036854775808"]),
        (np.array([], np.int64), []),
    ],
)
def test_values_of_every_kind(desk: Desk, array: np.ndarray, wanted: list[object]) -> None:
    assert desk.page(array).column(0) == wanted


def test_fields_of_a_structured_array_are_columns(desk: Desk) -> None:
    page = desk.page(np.array([(1, "x"), (2, "y")], dtype=[("n", "i4"), ("name", "U3")]))
    assert page.names == ["n", "name"]
    assert page.rows == [[1, "x"], [2, "y"]]


def test_an_empty_axis_and_none_at_all(desk: Desk) -> None:
    assert desk.page(np.zeros((0, 3, 2))).head["total"] == 0
    with pytest.raises(ValueRefusedError):
        desk.page(np.array(3))
    assert "3" in desk.value(np.array(3))["mime"]["text/plain"]

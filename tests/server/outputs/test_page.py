"""Every kind of column and table, as a browser gets it."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.model.errors import ProductMissingError, SettingInvalidError, ValueRefusedError
from penstock.server.outputs.reader import questions
from tests.server.outputs.conftest import Desk


def shown(desk: Desk, array: pa.Array) -> tuple[list, dict[str, str]]:
    page = desk.page(pa.table({"x": array}))
    return page.column(0), page.notes(0)


def test_numbers_that_javascript_holds_stay_numbers(desk: Desk) -> None:
    page = desk.page(pd.DataFrame({"i": [1, 2], "x": [0.5, float("nan")], "b": [True, False]}))
    assert page.rows == [[1, 0.5, True], [2, None, False]]
    assert "penstock.display" not in page.notes(0)
    assert page.notes(1)["penstock.type"] == "float64"


def test_text_of_polars_is_sorted_searched_and_downloaded(desk: Desk) -> None:
    frame = pl.DataFrame(
        {
            "s": ["b", None, "a"],
            "e": pl.Series(["y", "x", None], dtype=pl.Enum(["x", "y"])),
            "c": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
            "b": [b"1", b"2", None],
        }
    )
    stored = desk.put(frame)
    page = desk.page(stored, sort=[0])
    assert [row[:3] for row in page.rows] == [["a", None, "u"], ["b", "y", "u"], [None, "x", "v"]]
    assert [row[1] for row in desk.page(stored, sort=[1]).rows] == ["x", "y", None]
    assert len(desk.page(stored, search="v").rows) == 1
    assert desk.download(stored, "csv").splitlines()[1] == b'"b","y","u","31"'
    assert desk.download(stored, "parquet")[:4] == b"PAR1"
    encoded = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["b", "a"]))
    assert desk.page(pa.table({"r": encoded}), sort=[0]).column(0) == ["a", "b", "b"]


def test_whole_numbers_beyond_53_bits_are_text(desk: Desk) -> None:
    values, notes = shown(desk, pa.array([2**53 + 1, -5, None]))
    assert values == ["9007199254740993", "-5", None]
    assert notes["penstock.display"] == "text"


def test_nan_is_not_null(desk: Desk) -> None:
    values, _ = shown(desk, pa.array([float("nan"), None, float("inf")]))
    assert np.isnan(values[0])
    assert values[1:] == [None, float("inf")]


@pytest.mark.parametrize(
    ("array", "wanted"),
    [
        (pa.array([Decimal("1.50"), None]), ["1.50", None]),
        (
            pa.array([0, 1_500_000_000, None]).cast(pa.timestamp("ns")),
            ["1970-01-01 00:00:00", "1970-01-01 00:00:01.5", None],
        ),
        (pa.array([0]).cast(pa.timestamp("s")).cast(pa.timestamp("s", "Europe/Berlin")), ["1970-01-01 01:00:00+01:00"]),
        (pa.array([0]).cast(pa.timestamp("us", "UTC")), ["1970-01-01 00:00:00Z"]),
        (pa.array([dt.date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([dt.time(1, 2, 3, 500)]), ["01:02:03.0005"]),
        (
            pa.array([dt.timedelta(days=2, hours=3, milliseconds=5), dt.timedelta(seconds=-1)]),
            ["2 days 03:00:00.005", "-00:00:01"],
        ),
        (pa.array([[1, None], None, []]), ["[1,null]", None, "[]"]),
        (pa.array([{"a": 1, "b": "x"}]), ['{"a":1,"b":"x"}']),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), ['[["k",1]]']),
        (pa.array([b"\x00\xff"]), ["00 ff"]),
        (pa.array([b"ab"], pa.binary(2)), ["61 62"]),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
        (
            pa.array([[dt.datetime.fromisoformat("2024-01-01")]], pa.list_(pa.timestamp("ns"))),
            ['["2024-01-01 00:00:00"]'],
        ),
        (pa.array([[Decimal("1.10")]]), ['["1.10"]']),
        (pa.nulls(2), [None, None]),
        (pa.array(["x", None], pa.string_view()), ["x", None]),
        (pa.array([1.5, None], pa.float16()), [1.5, None]),
        (pa.array([Decimal("1.5")], pa.decimal256(60, 1)), ["1.5"]),
        (pa.array([2**63], pa.uint64()), ["9223372036854775808"]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_arrow_types(desk: Desk, array: pa.Array, wanted: list) -> None:
    assert shown(desk, array)[0] == wanted


def test_pandas_types(desk: Desk) -> None:
    frame = pd.DataFrame(
        {
            "cat": pd.Categorical(["b", None, "a"], ["b", "a"]),
            "Int64": pd.array([1, None, 3], "Int64"),
            "bool": [True, False, True],
            "tz": pd.to_datetime(["2024-07-01 12:00", None, "2024-01-01 00:00"]).tz_localize("Europe/Berlin"),
            "period": pd.PeriodIndex(["2024-01", "2024-02", None], freq="M"),
            "interval": pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), None, (1.0, 2.0)]),
            "mixed": [1, "x", {"a": (1, 2)}],
            "complex": [1 + 2j, 0j, 1j],
            "cut": pd.cut([1, 5, 9], [0, 5, 10]),
            "delta": pd.to_timedelta(["1 day", None, "2h"]),
        }
    )
    page = desk.page(frame)
    assert page.column(0) == ["b", None, "a"]
    assert page.column(1) == [1, None, 3]
    assert page.column(2) == [True, False, True]
    assert page.column(3) == ["2024-07-01 12:00:00+02:00", None, "2024-01-01 00:00:00+01:00"]
    assert page.column(4) == ["2024-01", "2024-02", None]
    assert page.column(5) == ["(0, 1]", None, "(1, 2]"]
    assert page.column(6) == ["1", "x", '{"a":[1,2]}']
    assert page.column(7) == ["(1+2j)", "0j", "1j"]
    assert page.column(8) == ["(0, 5]", "(0, 5]", "(5, 10]"]
    assert page.column(9) == ["1 day 00:00:00", None, "02:00:00"]
    assert [page.notes(at)["penstock.type"] for at in (0, 1, 4)] == ["category", "Int64", "period[M]"]


@pytest.mark.parametrize("freq", ["Y", "Q", "M", "W", "D", "h", "min", "s"])
def test_periods_are_written_as_pandas_writes_them(desk: Desk, freq: str) -> None:
    periods = pd.period_range("1969-11-27 13:14:15", periods=400, freq=freq)
    page = desk.page(pd.DataFrame({"p": periods}), limit=400)
    assert page.column(0) == [str(period) for period in periods]


def test_polars_and_series(desk: Desk) -> None:
    assert desk.page(pl.DataFrame({"a": [1, 2], "t": ["x", None]})).rows == [[1, "x"], [2, None]]
    assert desk.page(pd.Series([1.5, 2.5], name="s")).names == ["s"]
    assert desk.page(pd.Series([1.5, 2.5])).names == ["value"]
    assert desk.page(pd.Index(["a", "b"], name="letters")).rows == [["a"], ["b"]]


def test_an_index_that_says_something_comes_first(desk: Desk) -> None:
    named = pd.DataFrame({"x": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    page = desk.page(named)
    assert (page.names, page.rows) == (["key", "x"], [["a", 1], ["b", 2]])
    assert [page.notes(at)["penstock.role"] for at in (0, 1)] == ["index", "data"]
    many = pd.DataFrame({"x": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["l", None]))
    assert desk.page(many).names == ["l", "index_1", "x"]
    assert desk.page(many).rows == [["a", 1, 1], ["b", 2, 2]]
    assert desk.page(pd.DataFrame({"x": range(5)})[2:4]).rows == [[2, 2], [3, 3]]
    assert desk.page(pd.DataFrame({"x": range(5)})).names == ["x"]


def test_columns_of_the_same_name(desk: Desk) -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    page = desk.page(frame)
    assert [column.to_pylist() for column in page.table.columns[:2]] == [[1], [2]]
    assert [page.notes(at)["penstock.index"] for at in (0, 1)] == ["0", "1"]
    assert desk.page(frame, columns=(1,)).column(0) == [2]


@pytest.mark.parametrize(
    "value",
    [pd.DataFrame({"a": pd.Series([], dtype="int64")}), pd.DataFrame(), pd.DataFrame(index=[1, 2]), pl.DataFrame()],
)
def test_no_rows_and_no_columns(desk: Desk, value: object) -> None:
    page = desk.page(value)
    assert page.head["total"] == len(value)
    assert page.table.num_rows == len(value)


def test_two_thousand_columns_come_in_pages_too(desk: Desk) -> None:
    stored = desk.put(pd.DataFrame(np.arange(4000).reshape(2, 2000)))
    page = desk.page(stored)
    assert (page.head["columns_total"], len(page.names)) == (2000, 500)
    assert desk.page(stored, columns=tuple(range(1990, 2000))).rows[1] == list(range(3990, 4000))


def test_the_names_of_all_columns_come_by_themselves(desk: Desk) -> None:
    frame = pd.DataFrame(np.arange(2400).reshape(2, 1200), index=pd.Index(["a", "b"], name="key"))
    content = desk.ask(questions.ColumnsQuestion(target=desk.target(desk.put(frame))))[1]
    columns = json.loads(content)["columns"]
    assert columns[0] == {"name": "key", "index": 0, "type": "str", "role": "index"} | {"type": columns[0]["type"]}
    assert [columns[at]["name"] for at in (1, 1200)] == ["0", "1199"]
    assert [one["index"] for one in columns] == list(range(1201))


def test_moments_tell_their_zone(desk: Desk) -> None:
    times = pd.date_range("2024-01-01", periods=1)
    page = desk.page(pd.DataFrame({"plain": times, "zoned": times.tz_localize("Europe/Berlin"), "n": [1]}))
    assert [page.notes(at).get("penstock.zone") for at in range(3)] == ["", "Europe/Berlin", None]


def test_long_cells_are_cut_and_come_whole_by_themselves(desk: Desk) -> None:
    long = "ä" * 5_000_000
    stored = desk.put(pd.DataFrame({"t": ["short", long]}))
    page = desk.page(stored)
    assert page.column(0) == ["short", "ä" * 1000 + "…"]
    assert page.notes(0)["penstock.cut"] == "[[1,5000000]]"
    head, content = desk.ask(questions.CellQuestion(target=desk.target(stored), row=1, column="t"))
    assert (content.decode(), head["truncated"]) == (long, False)


def test_sorting_is_stable_and_nulls_come_last(desk: Desk) -> None:
    stored = desk.put(pa.table({"k": [2, None, 1, 2], "t": ["a", "b", "c", "d"]}))
    assert desk.page(stored, sort=["k"]).column(1) == ["c", "a", "d", "b"]
    assert desk.page(stored, sort=[("k", True)]).column(1) == ["a", "d", "c", "b"]
    assert desk.page(stored, sort=["k"]).numbers == [2, 0, 3, 1]
    assert desk.page(stored, sort=[("k", True), ("t", True)]).column(1) == ["d", "a", "c", "b"]


def test_large_tables_give_the_same_rows_however_they_are_sorted(desk: Desk) -> None:
    numbers = np.random.default_rng(7).integers(0, 1000, 60_000)
    stored = desk.put(pd.DataFrame({"n": numbers, "t": [f"v{n % 97}" for n in numbers]}))
    wanted = np.argsort(numbers, kind="stable")
    assert desk.page(stored, sort=["n"], limit=500).numbers == wanted[:500].tolist()
    assert desk.page(stored, sort=["n"], offset=1800, limit=500).numbers == wanted[1800:2300].tolist()
    assert desk.page(stored, sort=["n"], offset=59_990).numbers == wanted[-10:].tolist()
    chosen = desk.page(stored, sort=[("n", True)], filters=[("t", "=", "v3")], limit=1000)
    rows = [at for at in np.argsort(-numbers, kind="stable") if numbers[at] % 97 == 3]
    assert (chosen.numbers, chosen.head["filtered"]) == (rows[:1000], len(rows))


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (("n", ">=", 2), [1, 2]),
        (("n", "=", "2"), [1]),
        (("n", "<", 2.5), [0, 1]),
        (("n", "in", [1, 3]), [0, 2]),
        (("n", "in", []), []),
        (("n", "!=", 2), [0, 2, 3]),
        (("n", "not in", [1, 3]), [1, 3]),
        (("n", "between", [2, "3"]), [1, 2]),
        (("d", "between", ["2024-01-02", "2024-01-03"]), [1, 2]),
        (("z", "between", ["2024-01-01T00:00:00+00:00", "2024-01-02T00:00:00Z"]), [0, 1]),
        (("c", "!=", "x"), [1, 2, 3]),
        (("c", "not contains", "x"), [1, 2, 3]),
        (("t", "matches", "^[aA]b.$"), [0, 1]),
        (("t", "not matches", "(?i)^AB|oe"), [3]),
        (("c", "not matches", "y"), [0, 2]),
        (("n", "null"), [3]),
        (("n", "not null"), [0, 1, 2]),
        (("t", "contains", "OE"), [2]),
        (("t", "not contains", "a"), [2]),
        (("t", "starts with", "a%"), []),
        (("t", "ends with", "'; drop table stored; --"), [3]),
        (("d", ">", "2024-01-02"), [2, 3]),
        (("z", "=", "2024-01-01 01:00"), [0]),
        (("z", "=", "2024-01-01T00:00:00+00:00"), [0]),
        (("b", "=", "true"), [0, 2]),
        (("c", "=", "x"), [0]),
        (("m", "=", "1.50"), [0]),
        (("s", ">=", "01:00:00"), [1, 2, 3]),
        (("s", "=", 3600), [1]),
    ],
)
def test_conditions(desk: Desk, condition: tuple, wanted: list[int]) -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, 2, 3, None], "Int64"),
            "t": ["abc", "Abd", "poe", "'; drop table stored; --"],
            "d": pd.date_range("2024-01-01", periods=4),
            "z": pd.date_range("2024-01-01", periods=4, tz="UTC").tz_convert("Europe/Berlin"),
            "b": [True, False, True, False],
            "c": pd.Categorical(["x", "y", None, "y"]),
            "m": [Decimal("1.50"), Decimal("2.50"), None, Decimal("0.10")],
            "s": pd.to_timedelta([0, 1, 2, 3], unit="h"),
        }
    )
    assert desk.page(frame, filters=[condition]).numbers == wanted


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (("n", ">", "abc"), "'abc' is not a number"),
        (("d", "<", "yesterday"), "is not a date"),
        (("n", "~", 1), "unknown comparison"),
        (("nope", "=", 1), "there is no column 'nope'"),
        ((7, "=", 1), "there is no column 7"),
        (("n", "between", [1]), "'between' with 1 values"),
        (("n", "between", [1, "abc"]), "'abc' is not a number"),
        (("n", "matches", "("), "missing \\)"),
    ],
)
def test_conditions_that_do_not_fit_say_so(desk: Desk, condition: tuple, words: str) -> None:
    frame = pd.DataFrame({"n": [1], "d": pd.to_datetime(["2024-01-01"])})
    with pytest.raises(SettingInvalidError, match=words) as caught:
        desk.page(frame, filters=[condition])
    assert caught.value.hint


@pytest.mark.parametrize(
    "name", ['a"; drop table stored; --', "select", "", "a b", "ä' or 1=1", "c0", "__row__", "stored"]
)
def test_names_of_columns_are_never_read_as_sql(desk: Desk, name: str) -> None:
    stored = desk.put(pd.DataFrame({name: [2, 1, 3], "other": [1, 1, 1]}))
    assert desk.page(stored, sort=[0], filters=[(0, ">", 1)]).column(0) == [2, 3]
    assert desk.profile(stored)[0]["minimum"] == 1
    assert desk.chart(stored, chart_type="histogram", x=[name])["rows"]


def test_search_looks_into_every_column(desk: Desk) -> None:
    stored = desk.put(pd.DataFrame({"a": ["Paris", "Rome"], "n": [12, 345]}))
    assert desk.page(stored, search="34").numbers == [1]
    assert desk.page(stored, search="PAR").numbers == [0]


def test_frames_that_came_in_parts(desk: Desk) -> None:
    stored = desk.put(pd.DataFrame({"n": [n, n + 1]}) for n in (0, 2, 4))
    page = desk.page(stored, offset=1, limit=4)
    assert (page.column(0), page.head["total"]) == ([1, 2, 3, 4], 6)
    assert desk.page(stored, sort=[("n", True)]).column(0) == [5, 4, 3, 2, 1, 0]


def test_pages_beyond_the_end_are_empty(desk: Desk) -> None:
    stored = desk.put(pd.DataFrame({"n": [1]}))
    assert desk.page(stored, offset=50).rows == []
    assert desk.page(stored, offset=50, sort=["n"]).rows == []


def test_what_is_no_table_or_is_not_there_says_so(desk: Desk) -> None:
    with pytest.raises(ValueRefusedError, match="as a table: it is json"):
        desk.page({"a": 1})
    missing = questions.Target(pipeline="p", block="nowhere")
    with pytest.raises(ProductMissingError, match="nothing is stored yet"):
        desk.ask(questions.PageQuestion(target=missing))
    with pytest.raises(ProductMissingError, match="there is no such version"):
        desk.ask(
            questions.PageQuestion(target=questions.Target(pipeline="p", block="nowhere", version="00000009-aaaaaaaa"))
        )


def test_ordered_categories_are_sorted_in_their_order(desk: Desk) -> None:
    sizes = pd.Categorical(["large", "small", None, "medium"], ["small", "medium", "large"], ordered=True)
    stored = desk.put(pd.DataFrame({"size": sizes, "n": range(4)}))
    assert desk.page(stored, sort=["size"]).column(0) == ["small", "medium", "large", None]
    assert desk.page(stored, sort=[("size", True)], filters=[("size", "!=", "large")]).column(0) == [
        "medium",
        "small",
        None,
    ]

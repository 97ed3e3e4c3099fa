# ruff: noqa: DTZ001 - moments without a zone are one of the kinds that columns hold
from __future__ import annotations

import datetime as dt
import uuid
import zoneinfo
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

EXACT: dict[str, Any] = {"check_exact": True, "check_freq": True, "check_flags": True, "check_index_type": "exact"}


def same_frame(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert type(found) is type(wanted)
    pd.testing.assert_frame_equal(found, wanted, **EXACT, check_column_type="exact")
    assert found.attrs == wanted.attrs
    for at in range(wanted.shape[1]):
        if wanted.iloc[:, at].dtype == object:
            for one, other in zip(found.iloc[:, at], wanted.iloc[:, at], strict=True):
                assert type(one) is type(other)
                assert repr(one) == repr(other)


OBJECT = {
    "mixed": [1, "a", 2.5, None],
    "nan and none": ["a", None, float("nan"), pd.NA],
    "nat": [pd.NaT, "x", None, pd.Timestamp("2020-01-01", tz="Europe/Berlin")],
    "lists": [[1, 2], [], [None, "x"], [[1], {"a": (1, 2)}]],
    "equal lists": [[1, 2], [3, 4], [5, 6], [7, 8]],
    "dicts": [{"a": 1}, {}, {1: 2}, {"$int": "5"}],
    "decimals": [Decimal("1.10"), Decimal("2.00"), None, Decimal("-3.55")],
    "uneven decimals": [Decimal("1.1"), Decimal("2.00"), Decimal("NaN"), Decimal("1E+5")],
    "negative zero": [Decimal("-0.0"), Decimal("0.0"), Decimal("1.0"), None],
    "dates": [dt.date(2020, 1, 1), None, dt.date(1, 1, 1), dt.date(9999, 12, 31)],
    "datetimes": [dt.datetime(2020, 1, 1, 1, 2, 3, 4), None, dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)],
    "zoned": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, dt.datetime(2020, 10, 25, 2, 30, fold=1), 1],
    "times": [dt.time(1, 2, 3, 4), None, dt.time(), dt.time(23, 59)],
    "timedeltas": [dt.timedelta(days=-1, microseconds=5), None, dt.timedelta(0), dt.timedelta(days=1)],
    "bytes": [b"\x00\xff", b"", None, b"a"],
    "bools": [True, False, None, True],
    "ints": [1, None, -(2**63), 2**63 - 1],
    "huge ints": [2**63, -(2**70), 0, 1],
    "floats": [1.5, None, float("inf"), -0.0],
    "floats with nan": [1.5, float("nan"), None, 1],
    "only none": [None, None, None, None],
    "only nan": [float("nan")] * 4,
    "numpy scalars": [np.int8(1), np.float32(1.1), np.datetime64("2020-01-01"), np.bool_(True)],
    "lone surrogate": ["\ud800", "a", "", "é"],
    "text": ["", "ü\x00", "日本", "a" * 1000],
    "intervals": [pd.Interval(1, 2), pd.Period("2020-01", "M"), pd.Timedelta(5), 1 + 2j],
    "offsets": [pd.DateOffset(days=2, months=1, nanoseconds=3), None, pd.DateOffset(2, True), pd.DateOffset(weekday=1)],
    "timedeltas at the edge": [dt.timedelta(1), None, dt.timedelta(days=106_751_990), dt.timedelta(microseconds=-1)],
    "long timedeltas": [dt.timedelta.max, None, dt.timedelta.min, dt.timedelta(days=106_751_991)],
    "half a character": ["a\ud800", "", None, "ü"],
    "tuples": [(1, 2), (), ((),), (None,)],
    "sets": [{1}, frozenset({2}), set(), {"a"}],
    "arrays": [np.array([1.5, np.nan]), np.array([]), np.arange(1000) / 7, np.array([-0.0])],
    "arrays and none": [np.arange(3), None, np.array([], dtype=int), None],
    "arrays and nan": [np.array([True, False]), float("nan"), np.array([], dtype=bool), float("nan")],
    "arrays of times": [np.array(["2024-01-01", "NaT"], dtype="M8[us]")] * 4,
    "arrays of several dtypes": [np.arange(2), np.array([]), np.array([1], dtype=">i2"), np.array([1j])],
    "arrays of several dimensions": [np.zeros((2, 2)), np.zeros((0, 3)), np.array(5), np.arange(2)],
    "arrays of text and objects": [np.array(["a", "bb"]), np.array([None, {"a": (1,)}], dtype=object), "x", [1]],
}


@pytest.mark.parametrize("name", OBJECT)
def test_object_columns_keep_every_value(shelf, name):
    values = np.empty(4, dtype=object)
    for at, value in enumerate(OBJECT[name]):
        values[at] = value
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    same_frame(shelf.back(frame), frame)


def test_arrays_within_cells(shelf):
    cells = [{"a": np.arange(2)}, [np.array(["x"])], (np.array([[1]]), np.array(5)), {"b": [np.array([None])]}]
    found = list(shelf.back(pd.DataFrame({"c": pd.Series(cells, dtype=object)}))["c"])
    assert repr(found) == repr(cells)


N = 6
FLAT = {
    **{f"int {t}": pd.Series(np.arange(N), dtype=t) for t in ("int8", "int16", "int32", "int64", "uint8", "uint64")},
    **{
        f"float {t}": pd.Series([1.5, np.nan, -0.0, np.inf, -np.inf, 0], dtype=t)
        for t in ("float16", "float32", "float64")
    },
    "big endian": pd.Series(np.arange(N, dtype=">i4")),
    "bool": pd.Series([True, False] * 3),
    "complex": pd.Series([1 + 2j, complex("nan"), 0, 1, 2, 3]),
    **{
        f"datetime {u}": pd.Series(pd.to_datetime(["2020-01-01", None, "1990-05-05"] * 2)).astype(f"M8[{u}]")
        for u in ("s", "ms", "us", "ns")
    },
    "far datetime": pd.Series(np.array(["0001-01-01", "9999-12-31", "NaT"] * 2, dtype="M8[s]")),
    **{
        f"timedelta {u}": pd.Series(pd.to_timedelta([1, None, -5] * 2, unit="s")).astype(f"m8[{u}]")
        for u in ("s", "ns")
    },
    **{
        f"masked {t}": pd.Series([1, None, 0, 1, None, 1], dtype=t)
        for t in ("Int8", "Int64", "UInt16", "boolean", "Float32", "Float64")
    },
    "str": pd.Series(["a", None, "", "ü", "b", "c"], dtype="str"),
    "string": pd.Series(["a", None, "", "ü", "b", "c"], dtype="string"),
    "string python": pd.Series(["a", None, "", "ü", "b", "c"], dtype="string[python]"),
    "string pyarrow": pd.Series(["a", None, "", "ü", "b", "c"], dtype="string[pyarrow]"),
    "category": pd.Series(["a", "b", None, "a", "b", "a"], dtype="category"),
    "category ordered": pd.Series(pd.Categorical([3, 1, 3, None, 1, 1], categories=[3, 2, 1], ordered=True)),
    "category mixed": pd.Series(pd.Categorical([1, "a", (1, 2), None, 1, 1])),
    "category times": pd.Series(pd.Categorical(pd.to_datetime(["2020", "2021", None] * 2).tz_localize("UTC"))),
    "category intervals": pd.cut(pd.Series([1, 5, 9, 2, 3, None]), 3),
    "category empty": pd.Series(pd.Categorical([None] * N)),
    "tz": pd.Series(pd.date_range("2020-10-25", periods=N, freq="h", tz="Europe/Berlin")),
    "tz fixed": pd.Series(pd.date_range("2020", periods=N, tz=dt.timezone(dt.timedelta(hours=-3, minutes=-30)))),
    "tz utc with gap": pd.Series(pd.to_datetime(["2020", None] * 3, utc=True)),
    "period": pd.Series(pd.period_range("2020-01", periods=N, freq="M")),
    "period gap": pd.Series(pd.PeriodIndex(["2020Q1", None] * 3, freq="Q-JAN")),
    "interval": pd.Series(pd.interval_range(0, N)),
    "interval gap": pd.Series(pd.arrays.IntervalArray.from_tuples([(0.5, 1), None, (2, 3)] * 2, closed="both")),
    "interval times": pd.Series(pd.interval_range(pd.Timestamp("2020", tz="UTC"), periods=N)),
    "arrow int": pd.Series([1, None, 3] * 2, dtype=pd.ArrowDtype(pa.int32())),
    "arrow list": pd.Series([[1], None, []] * 2, dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    "arrow decimal": pd.Series([Decimal("1.5"), None, Decimal(2)] * 2, dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "arrow float nan": pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([[1.0, float("nan"), None] * 2]))),
    "arrow dictionary": pd.Series(
        pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(["a", None, "b"] * 2).dictionary_encode()]))
    ),
}


@pytest.mark.parametrize("rows", ["full", "empty"])
@pytest.mark.parametrize("name", FLAT)
def test_every_dtype_as_column_and_as_series(shelf, name, rows):
    series = FLAT[name] if rows == "full" else FLAT[name].iloc[:0]
    frame = pd.DataFrame({"c": series, "d": series})
    same_frame(shelf.back(frame), frame)
    named = series.rename(("x", 1))
    pd.testing.assert_series_equal(shelf.back(named), named, check_exact=True)


@pytest.mark.parametrize("name", FLAT)
def test_every_dtype_as_index(shelf, name):
    try:
        index = pd.Index(FLAT[name], name="named")
        pd.testing.assert_index_equal(index, index.copy(deep=True))
    except (TypeError, NotImplementedError, AssertionError):
        pytest.skip("pandas has no such index, or cannot compare it")
    frame = pd.DataFrame({"c": range(N)}, index=index)
    same_frame(shelf.back(frame), frame)
    pd.testing.assert_index_equal(shelf.back(index), index, exact=True)


INDEXES = {
    "default": pd.RangeIndex(3),
    "range with step": pd.RangeIndex(10, 4, -2, name="r"),
    "ints": pd.Index([3, 3, 1]),
    "text": pd.Index(["b", "a", "b"], name="key"),
    "objects": pd.Index([1, "a", None], dtype=object),
    "days": pd.date_range("2020", periods=3, freq="D", name="day"),
    "business": pd.date_range("2020", periods=3, freq="B", tz="US/Eastern"),
    "months": pd.date_range("2020", periods=3, freq="MS", unit="s"),
    "deltas": pd.timedelta_range("1h", periods=3, freq="2h"),
    "no freq": pd.DatetimeIndex(["2020-01-03", "2020-01-01", None]),
    "levels": pd.MultiIndex.from_product([["a"], [1, 2, 3]], names=["x", None]),
    "levels with gaps": pd.MultiIndex.from_arrays([[1, None, 2], ["a", "b", None]], names=[("t", 1), "y"]),
    "levels of times": pd.MultiIndex.from_arrays(
        [pd.date_range("2020", periods=3, tz="UTC"), pd.Categorical(["a", "b", "a"])]
    ),
    "unused level": pd.MultiIndex.from_product([list("abc"), [1, 2, 3]])[3:6],
    "categories": pd.CategoricalIndex(["a", "b", "a"], ordered=True),
    "intervals": pd.interval_range(0, 3),
}


@pytest.mark.parametrize("name", INDEXES)
def test_every_index_as_rows_and_as_columns(shelf, name):
    index = INDEXES[name]
    frame = pd.DataFrame(np.arange(9).reshape(3, 3), index=index)
    same_frame(shelf.back(frame), frame)
    turned = pd.DataFrame(np.arange(9.0).reshape(3, 3), columns=index)
    same_frame(shelf.back(turned), turned)
    pd.testing.assert_index_equal(shelf.back(index), index, exact=True)
    if isinstance(index, pd.MultiIndex):
        found = shelf.back(index)
        assert [list(level) for level in found.levels] == [list(level) for level in index.levels]


def test_a_long_index_of_columns(shelf):
    frame = pd.DataFrame(np.zeros((2, 1500)), columns=pd.MultiIndex.from_product([range(50), range(30)]))
    same_frame(shelf.back(frame), frame)


ODD = {
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int64"), "b": pd.Series([], dtype="str")}),
    "no columns": pd.DataFrame(index=pd.RangeIndex(5)),
    "no columns but index": pd.DataFrame(index=pd.Index(["a", "b"], name="k")),
    "nothing": pd.DataFrame(),
    "same names": pd.DataFrame([[1, "a", 2.5]], columns=["x", "x", "y"]),
    "odd names": pd.DataFrame([[1, 2, 3, 4]], columns=[1, ("a", 2), None, dt.date(2020, 1, 1)]),
    "names with a name": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="cols")),
    "quotes": pd.DataFrame([[1, 2, 3]], columns=['a"b', "a b", ""]),
    "surrogate name": pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
    "row of one": pd.DataFrame({"a": [1]}),
    "two-dimensional block": pd.DataFrame(np.random.default_rng(0).random((4, 3)), columns=list("abc")),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_frames(shelf, name):
    same_frame(shelf.back(ODD[name]), ODD[name])


def test_attrs_and_flags(shelf):
    frame = pd.DataFrame({"a": [1, 2]})
    frame.attrs = {"source": ("x", 1), 5: dt.date(2020, 1, 1), "inner": pd.DataFrame({"z": [1]})}
    found = shelf.back(frame)
    pd.testing.assert_frame_equal(found.attrs.pop("inner"), frame.attrs.pop("inner"))
    assert found.attrs == frame.attrs
    unique = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    assert shelf.back(unique).flags.allows_duplicate_labels is False


class Own:
    pass


SELF = np.empty(1, dtype=object)
SELF[0] = SELF


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (pd.DataFrame({"a": [Own(), 1]}), r"column 'a': a value of type .*Own"),
        (pd.DataFrame({"a": [pd.Series([1]), 1]}), "column 'a': a value of type pandas.Series"),
        (pd.DataFrame({"a": [SELF, 1]}), "column 'a': a value nested more than 150 levels deep"),
        (pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}), "Sparse"),
        (pd.DataFrame({"a": np.array([1, 2], dtype=np.longdouble)}), "float128"),
        (type("Sub", (pd.DataFrame,), {})({"a": [1]}), "Sub"),
        (
            pd.DataFrame(
                {"a": [1]},
                index=pd.date_range("2020", periods=1, freq=pd.offsets.CustomBusinessDay(holidays=["2020-01-02"])),
            ),
            "frequency",
        ),
    ],
)
def test_what_would_not_survive_is_refused_with_a_reason_and_a_hint(shelf, value, word):
    with pytest.raises(ValueRefusedError, match=word) as refusal:
        shelf.put(value)
    assert refusal.value.hint
    assert not list(shelf.store.root.rglob("*.arrow"))


def test_what_pandas_would_take_for_text_stays_what_it_is(shelf):
    frame = pd.DataFrame({"o": pd.Series(["a", "b"], dtype=object), "s": pd.Series(["a", "b"], dtype="str")})
    assert list(shelf.back(frame).dtypes) == list(frame.dtypes)


def test_sql_sees_null_where_numpy_has_nan(shelf):
    frame = pd.DataFrame({"f": [1.0, np.nan], "t": pd.to_datetime(["2020", None]), "b": [True, False]})
    frame["z"] = frame["t"].dt.tz_localize("Europe/Paris")
    frame["c"] = pd.Categorical(["x", None])
    table = shelf.store.table(shelf.put(frame).ref)
    assert table.column("f").to_pylist() == [1.0, None]
    assert table.column("t").null_count == 1
    assert table.column("b").to_pylist() == [True, False]
    assert table.column("c").to_pylist() == ["x", None]
    assert str(table.column("z").type).endswith("tz=Europe/Paris]")
    assert table.column("z")[0].as_py() == dt.datetime(2020, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))


def test_sql_sees_text_for_categories_that_are_intervals_or_periods(shelf):
    frame = pd.DataFrame({"c": pd.cut([0.5, 2.5, 9], [0, 1, 3])})
    frame["p"] = pd.Categorical(pd.period_range("2024-01", periods=3, freq="M"))
    table = shelf.store.table(shelf.put(frame).ref)
    assert table.column("c").to_pylist() == ["(0, 1]", "(1, 3]", None]
    assert table.column("p").to_pylist() == ["2024-01", "2024-02", "2024-03"]


EAST = dt.timezone(dt.timedelta(hours=1))


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ([uuid.UUID(int=1), None], ["00000000-0000-0000-0000-000000000001", None]),
        ([2**70, float("nan"), 1], [Decimal(2**70), None, Decimal(1)]),
        ([10**40, 1], [str(10**40), "1"]),
        ([1, "a", True, None], ["1", "a", "True", None]),
        ([{"a": 1}, [1, None]], ['{"a":1}', "[1,null]"]),
        ([{"a": (1, Decimal("1.10"))}, {2: dt.date(2024, 1, 1)}], ['{"a": [1, "1.10"]}', '{"2": "2024-01-01"}']),
        ([{1}, {"x": np.arange(2), "y": float("nan")}], ["[1]", '{"x": [0, 1], "y": null}']),
        (["\ud800", "é"], ["?", "é"]),
        ([dt.timedelta(days=200_000_000), None], ["200000000 days, 0:00:00", None]),
        (
            [dt.datetime(1, 1, 1, tzinfo=EAST), dt.datetime(2, 1, 1, tzinfo=EAST)],
            ["0001-01-01T00:00:00+01:00", "0002-01-01T00:00:00+01:00"],
        ),
        ([Decimal("1.1"), "a", None], ["1.1", "a", None]),
        ([Decimal("1.1"), Decimal("Infinity")], ["1.1", "Infinity"]),
        ([Decimal(10**37), Decimal("0.01")], [str(10**37), "0.01"]),
        ([2**53 + 1, 0.5], [str(2**53 + 1), "0.5"]),
        (
            [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)],
            ["2024-01-01T00:00:00", "2024-01-01T00:00:00+00:00"],
        ),
        (
            [pd.Timestamp("2024-01-01T00:00:00.000000001"), dt.datetime(9999, 1, 1)],
            ["2024-01-01T00:00:00.000000001", "9999-01-01T00:00:00"],
        ),
        ([dt.date(2024, 1, 1), dt.datetime(2024, 1, 1)], ["2024-01-01", "2024-01-01T00:00:00"]),
    ],
)
def test_sql_sees_no_tags_of_ours(shelf, values, seen):
    frame = pd.DataFrame({"c": pd.Series(values, dtype=object)})
    assert shelf.store.table(shelf.put(frame).ref).column("c").to_pylist() == seen


WARSAW = zoneinfo.ZoneInfo("Europe/Warsaw")


@pytest.mark.parametrize(
    ("values", "kind", "seen"),
    [
        ([Decimal("1.10"), None, Decimal(2)], pa.decimal128(38, 2), ...),
        ([Decimal("1.1"), Decimal("NaN"), 3], pa.decimal128(38, 1), [Decimal("1.1"), None, Decimal(3)]),
        ([Decimal("1E+5"), Decimal("-0.0")], pa.decimal128(38, 1), ...),
        ([Decimal(10**35), Decimal("0.01")], pa.decimal128(38, 2), ...),
        ([np.int64(1), 2, None], pa.int64(), ...),
        (
            [dt.datetime(9999, 12, 31, 23, tzinfo=dt.UTC), dt.datetime(1, 1, 1, tzinfo=dt.UTC)],
            pa.timestamp("us", "UTC"),
            ...,
        ),
        ([np.float64(0.5), 2, float("nan")], pa.float64(), [0.5, 2.0, None]),
        ([np.bool_(True), None, False], pa.bool_(), ...),
        (
            [pd.Timestamp("2024-01-01T01:02:03.000004"), pd.NaT],
            pa.timestamp("us"),
            [dt.datetime(2024, 1, 1, 1, 2, 3, 4), None],
        ),
        (
            [dt.datetime(2024, 10, 27, 2, 30, fold=fold, tzinfo=WARSAW) for fold in (0, 1)],
            pa.timestamp("us", "UTC"),
            [dt.datetime(2024, 10, 27, hour, 30, tzinfo=dt.UTC) for hour in (0, 1)],
        ),
        (
            [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, tzinfo=WARSAW)],
            pa.timestamp("us", "UTC"),
            ...,
        ),
        (
            [pd.Timedelta("1h"), dt.timedelta(1), None],
            pa.duration("us"),
            [dt.timedelta(hours=1), dt.timedelta(1), None],
        ),
        ([pd.Timestamp("2024-01-01T00:00:00.000000001"), None], pa.timestamp("ns"), ...),
        ([pd.Timestamp("2024-01-01T00:00:00.000000001+01:00"), None], pa.timestamp("ns", "UTC"), ...),
        ([pd.Timedelta(1, "ns"), dt.timedelta(1)], pa.duration("ns"), ...),
        ([np.datetime64("2024-01-01"), np.datetime64("NaT")], pa.date32(), [dt.date(2024, 1, 1), None]),
    ],
)
def test_sql_sees_objects_of_one_kind_as_that_kind(shelf, values, kind, seen):
    table = shelf.store.table(shelf.put(pd.DataFrame({"c": pd.Series(values, dtype=object)})).ref)
    assert table.schema.field("c").type == kind
    assert table.column("c").to_pylist() == (values if seen is ... else seen)


def test_decimals_of_several_parts_have_no_more_digits_than_they_need(shelf):
    def parts(*columns):
        return (pd.DataFrame({"s": "x", "d": pd.Series(column, dtype=object)}) for column in columns)

    table = shelf.store.table(shelf.put(parts([Decimal("1.10")], [Decimal(2)])).ref)
    assert table.schema.field("d").type == pa.decimal128(38, 2)
    assert table.column("d").to_pylist() == [Decimal("1.10"), Decimal(2)]
    table = shelf.store.table(shelf.put(parts([Decimal("1.10")], [Decimal(10**37)])).ref)
    assert table.column("d").to_pylist() == [Decimal("1.10"), Decimal(10**37)]


def test_sql_sees_periods_as_text(shelf):
    frame = pd.DataFrame({"p": pd.PeriodIndex(["2024-01", None], freq="M")})
    assert shelf.store.table(shelf.put(frame).ref).column("p").to_pylist() == ["2024-01", None]


def test_sql_sees_lists_where_cells_are_arrays(shelf):
    frame = pd.DataFrame({"e": [np.array([1.5, 2.5]), None, np.array([])]})
    table = shelf.store.table(shelf.put(frame).ref)
    assert table.column("e").to_pylist() == [[1.5, 2.5], None, []]


def test_index_is_no_column_of_the_table_unless_asked_for(shelf):
    ref = shelf.put(pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key"))).ref
    assert shelf.store.table(ref).column_names == ["a"]
    assert shelf.store.table(ref, index=True).to_pydict() == {"key": ["x", "y"], "a": [1, 2]}


def test_summary_tells_types_statistics_and_first_rows(shelf):
    frame = pd.DataFrame({"n": [3, 1, 2], "s": ["b", None, "a"], "c": pd.Categorical(["u", "v", "u"])})
    summary = shelf.put(frame).summaries()[0]
    assert (summary.kind, summary.rows, summary.codec) == (Kind.TABLE, 3, "pandas.frame")
    number, text, category = summary.columns
    assert (number.type, number.minimum, number.maximum, number.distinct, number.nulls) == ("int64", 1, 3, 3, 0)
    assert (text.minimum, text.maximum, text.nulls) == ("a", "b", 1)
    assert (category.type, category.minimum, category.distinct) == ("category", None, 2)
    assert summary.preview["columns"] == ["n", "s", "c"]
    assert summary.preview["rows"][0] == [3, "b", "u"]


CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5),
    st.dates(), st.datetimes(), st.timedeltas(), st.decimals(allow_nan=False), st.lists(st.integers(), max_size=2),
    st.tuples(st.text(max_size=2)), st.complex_numbers(), st.just(Own()),
)  # fmt: skip
NUMBERS = st.sampled_from(["int64", "float64", "uint8", "float32", "M8[ns]", "m8[us]", "bool", "complex128"])


@st.composite
def frames(draw) -> pd.DataFrame:
    rows = draw(st.integers(0, 6))
    columns = {}
    for at in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            raw = np.frombuffer(draw(st.binary(min_size=16 * rows, max_size=16 * rows)), dtype=np.uint8)
            dtype = np.dtype(draw(NUMBERS))
            values = raw[: rows * dtype.itemsize].view(dtype) if dtype.kind != "b" else raw[:rows] > 127
            columns[at] = pd.Series(values.copy())
        else:
            values = np.empty(rows, dtype=object)
            for row in range(rows):
                values[row] = draw(CELLS)
            columns[at] = pd.Series(values, dtype=object)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(rows))
    frame.columns = pd.Index(
        [draw(st.one_of(st.text(max_size=3), st.integers(), st.none())) for _ in columns], dtype=object
    )
    return frame


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(frame=frames())
def test_any_frame_survives_exactly_or_is_refused(shelf, frame):
    if any(isinstance(value, Own) for at in range(frame.shape[1]) for value in frame.iloc[:, at]):
        with pytest.raises(ValueRefusedError, match="Own"):
            shelf.put(frame)
    else:
        same_frame(shelf.back(frame), frame)


def test_text_in_large_pieces_is_stored_as_it_comes(shelf):
    pieces = [pa.array(["a" * 90_000] * 100, type=pa.large_string()) for _ in range(3)]
    text = pd.array(pa.chunked_array(pieces), dtype=pd.StringDtype("pyarrow", na_value=np.nan))
    frame = pd.DataFrame({"id": np.arange(300), "text": text, "x": np.arange(300) / 2})
    stored = shelf.put(frame)
    back = shelf.store.load(stored.ref)
    same_frame(back, frame)
    assert pa.array(back["text"].array).num_chunks == 3
    assert len({place.file for place in stored.outputs[0].stored.columns}) == 2
    # What comes back unchanged is not written again, wherever it lies.
    back["y"] = back["x"] * 2
    again = shelf.put(back)
    assert sum(file.size for file in again.files if file.own) < 100_000

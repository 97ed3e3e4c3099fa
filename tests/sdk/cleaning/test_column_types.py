import datetime as dt

import numpy as np
import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.column_types import infer_column_types
from penstock.sdk.cleaning.vocabulary import ColumnType as Type


def kind(values, name="c", dtype=None):
    return infer_column_types(pd.DataFrame({name: pd.Series(list(values), dtype=dtype)}))[name]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1] * 10, Type.TRUE_OR_FALSE),
        ([3, 7] * 10, Type.TRUE_OR_FALSE),
        ([5] * 20, Type.NUMBER),
        (range(30), Type.NUMBER),
        ([1.0, 2.0, 3.0, None], Type.NUMBER),
        ([1.5, 2.0, 3.0], Type.NUMBER_WITH_DECIMALS),
        ([np.nan] * 5, Type.NUMBER_WITH_DECIMALS),
        ([1.0, np.nan], Type.TRUE_OR_FALSE),
        ([True, False, None] * 4, Type.TRUE_OR_FALSE),
        (pd.date_range("2024", periods=5, tz="UTC"), Type.DATETIME),
        ([dt.date(2024, 1, day) for day in range(1, 9)], Type.DATETIME),
        ([f"2024-01-{day:02d} 10:00:00" for day in range(1, 9)], Type.DATETIME),
        ([f"{day}/1/2024" for day in range(1, 9)], Type.DATETIME),
        ([f"January {day}, 2024" for day in range(1, 9)], Type.DATETIME),
        ([f"{day:02d}.01.2024" for day in range(1, 9)], Type.TEXT),
        ([f"a{index}@b.org" for index in range(9)] + [f"word{index}" for index in range(21)], Type.EMAIL),
        ([f"a{index}@b.org" for index in range(8)] + [f"word{index}" for index in range(22)], Type.TEXT),
        (["1", "2", "3", "", None], Type.NUMBER),
        (["$1.50", "2", "3%"], Type.NUMBER_WITH_DECIMALS),
        (["1", "2", "x", "4", "5"] * 4, Type.CATEGORY),
        (["yes", "no"] * 10, Type.TRUE_OR_FALSE),
        ([None] * 4, Type.TRUE_OR_FALSE),
        (["a", "b", "c"] * 5, Type.CATEGORY),
        ([f"w{index % 79}" for index in range(100)], Type.CATEGORY),
        ([f"w{index % 80}" for index in range(100)], Type.TEXT),
        ([f"w{index % 255}" for index in range(1000)], Type.CATEGORY),
        ([f"w{index % 256}" for index in range(1000)], Type.CATEGORY_HIGH_CARDINALITY),
        ([" ".join(["w"] * 41 + [end]) for end in "abc"] * 20, Type.TEXT),
        ([[1, 2], None, "b"], Type.LIST),
        (["[1]", "[2]", "(3)"], Type.LIST),
    ],
)
def test_kind_by_values(values, expected):
    assert kind(values) == expected


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("phone", ["555-111-2222", "555-111-2223", "555-111-2224"], Type.PHONE_NUMBER),
        ("fax", ["555-111-2222", "555-111-2223", "555-111-2224"], Type.TEXT),
        ("phone", [5550100000, 5550100001, 5550100002], Type.PHONE_NUMBER),
        ("zip_code", ["12345", "12346", "12347-1234"], Type.ZIP_CODE),
        ("zip", [12345, 22345], Type.ZIP_CODE),
        ("zip", [12345.0, 22345.0, 32345.0], Type.NUMBER),
        ("code", ["12345", "12346", "12347"], Type.NUMBER),
    ],
)
def test_kind_by_name_and_values(name, values, expected):
    assert kind(values, name) == expected


@pytest.mark.parametrize("dtype", ["category", "string"])
def test_extension_types_count_as_what_they_hold(dtype):
    assert kind(["a", "b", "c"] * 5, dtype=dtype) == Type.CATEGORY


def test_a_sparse_matrix_has_columns_by_position():
    sparse = pytest.importorskip("scipy.sparse")
    assert list(infer_column_types(sparse.csr_matrix(np.eye(2)))) == ["0", "1"]


@pytest.mark.parametrize("value", [pd.DataFrame([[1, 2]], columns=["a", "a"]), [1, 2], None])
def test_what_is_not_a_table_is_refused(value):
    with pytest.raises(SettingInvalidError):
        infer_column_types(value)


def test_no_columns_and_no_rows():
    assert infer_column_types(pd.DataFrame()) == {}
    assert kind([], dtype=object) == Type.TRUE_OR_FALSE


def test_a_long_column_is_judged_by_a_part_of_its_rows():
    assert kind([f"name {index}" for index in range(250_000)]) == Type.TEXT
    assert kind(range(250_000)) == Type.NUMBER

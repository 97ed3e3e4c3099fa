"""What Python code gets of the columns of a query."""

from __future__ import annotations

import random
from decimal import Decimal

import pyarrow as pa
import pytest

from penstock.connect.sql.frames import pandas_of


@pytest.mark.parametrize(
    ("precision", "scale"), [(5, 2), (15, 2), (15, 15), (15, 0), (16, 3), (18, 4), (38, 10), (3, -2)]
)
def test_decimals_become_the_floats_that_are_nearest(precision, scale):
    chance = random.Random(precision)
    most = 10**precision - 1
    values = [Decimal(chance.randint(-most, most)).scaleb(-scale) for _ in range(5_000)] + [None, Decimal(0)]
    whole = pa.array(values, pa.decimal128(precision, scale))
    pieces = pa.chunked_array([whole.slice(0, 7), whole.slice(7)])
    given = pandas_of(pa.table({"d": pieces}))["d"]
    assert given.dtype == "float64"
    assert given.dropna().tolist() == [float(value) for value in values if value is not None]
    assert given.isna().tolist() == [value is None for value in values]


@pytest.mark.parametrize("kind", [pa.decimal128(5, 2), pa.decimal256(60, 2)])
def test_a_column_without_rows_and_wide_decimals(kind):
    assert pandas_of(pa.table({"d": pa.array([], kind)}))["d"].dtype == "float64"
    assert pandas_of(pa.table({"d": pa.array([Decimal("0.35")], kind)}))["d"].tolist() == [0.35]

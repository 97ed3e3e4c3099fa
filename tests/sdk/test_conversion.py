import datetime as dt
import enum
import json

import numpy as np
import pandas as pd
import pytest

from penstock.sdk.conversion import (
    convert_matrix_to_dataframe,
    deserialize_matrix,
    encode_complex,
    serialize_matrix,
)


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (np.int64(3), 3),
        (np.float64(1.5), 1.5),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (dt.datetime(2024, 1, 1, 2, 3), "2024-01-01T02:03:00"),  # noqa: DTZ001
        (dt.date(2024, 1, 1), "2024-01-01"),
        (dt.time(1, 2), "01:02:00"),
        (pd.Timestamp("2024-01-01"), "2024-01-01T00:00:00"),
        (pd.Series([1]), [1]),
        (pd.DataFrame({"a": [1]}), [{"a": 1}]),
        ({1}, [1]),
        (Colour.RED, "red"),
        ("x", "x"),
        (None, None),
    ],
)
def test_odd_values_become_json(value, encoded):
    assert encode_complex(value) == encoded
    json.dumps(encode_complex(value))


def test_other_values_stay_what_they_are():
    value = object()
    assert encode_complex(value) is value
    assert encode_complex(dt.timedelta(days=1)) == dt.timedelta(days=1)


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(np.eye(2))
    frame = convert_matrix_to_dataframe(matrix)
    assert list(frame.columns) == ["0", "1"]
    assert frame.to_numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert (deserialize_matrix(json.loads(json.dumps(serialize_matrix(matrix)))) != matrix).nnz == 0
    assert encode_complex(matrix)["__type__"] == "scipy.sparse.csr_matrix"


@pytest.mark.parametrize("value", [[[1, 2]], pd.DataFrame({"a": [1]}), None])
def test_what_is_no_matrix_stays_what_it_is(value):
    assert convert_matrix_to_dataframe(value) is value

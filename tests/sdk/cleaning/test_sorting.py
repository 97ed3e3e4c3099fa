import pandas as pd
import pytest

from penstock.sdk.cleaning.sorting import sort_rows


@pytest.mark.parametrize(
    ("values", "up", "down"),
    [
        ([3.0, 1.0, None, 2.0], [2, 1, 3, 0], [0, 3, 1, 2]),
        (["b", None, "a"], [2, 0, 1], [0, 2, 1]),
        (["b", "", "a", None], [1, 2, 0, 3], [0, 2, 1, 3]),
        (["37", "5", "-6", "100"], [2, 1, 0, 3], [3, 0, 1, 2]),
        (["37", None, "5", "100"], [1, 2, 0, 3], [3, 0, 2, 1]),
        ([True, None, False], [2, 0, 1], [0, 2, 1]),
        (pd.to_datetime(["2024-02-01", None, "2024-01-01"]), [2, 0, 1], [0, 2, 1]),
    ],
)
def test_one_column(values, up, down):
    frame = pd.DataFrame({"a": values})
    assert list(sort_rows(frame, ["a"], [True]).index) == up
    assert list(sort_rows(frame, ["a"], [False]).index) == down


@pytest.mark.parametrize(
    ("ascending", "rows"),
    [([True, False], [3, 4, 1, 5, 0, 2]), ([False, True], [0, 5, 2, 1, 3, 4]), ([False, False], [5, 0, 2, 1, 3, 4])],
)
def test_missing_in_the_first_column_of_two(ascending, rows):
    frame = pd.DataFrame({"a": [2, 1, 2, None, None, 2], "i": [1, 2, None, 4, 5, 6]})
    assert list(sort_rows(frame, ["a", "i"], ascending).index) == rows


def test_repeated_index_values_and_no_rows():
    frame = pd.DataFrame({"a": [2, 1, 3]}, index=[7, 7, 7])
    assert sort_rows(frame, ["a"], [True])["a"].tolist() == [1, 2, 3]
    assert sort_rows(frame[:0], ["a"], [True]).empty

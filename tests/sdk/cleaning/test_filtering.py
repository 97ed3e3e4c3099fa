import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.filtering import filter_rows


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "n": [1, 2, 3, 4, None],
            "s": ["abc", "b.c", "3", None, "True"],
            "b": [True, False, True, False, True],
            "col name": [1, 2, 3, 4, 5],
            "d": pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-04", "2024-01-05"]),
            "e": ["1", "2", "", "4", "x"],
            "k": [1.5, 2.5, 3.5, 4.5, 5.5],
        },
        index=[10, 11, 12, 13, 14],
    )


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("", [10, 11, 12, 13, 14]),
        ("n == 3.0", [12]),
        ('n == "3"', []),
        ('s == "3"', [12]),
        ("n != 2", [10, 12, 13, 14]),
        ("n>2", [12, 13]),
        ("n > -1", [10, 11, 12, 13]),
        ("k > n", [10, 11, 12, 13]),
        ("s contains b", [10, 11]),
        ('s contains "b.c"', [11]),
        ("s not contains b", [12, 13, 14]),
        ("b == true", [10, 12, 14]),
        ("b != True", [11, 13]),
        ('"col name" > 3', [13, 14]),
        ("`col name` == 2", [11]),
        ("n == null", [14]),
        ("s != null", [10, 11, 12, 14]),
        ("e == null", [12]),
        ("d == null", [12]),
        ('d > "2024-01-02"', [13, 14]),
        ('s < "b"', [10, 12, 14]),
        ("n > 1 or n == null", [11, 12, 13, 14]),
        ("((n > 1) and (n < 4)) or b == true", [10, 11, 12, 14]),
        ("n == 4 or n == 1 and b == false", [13]),
        ("not (n > 2)", [10, 11, 14]),
        ('s == "it\'s"', []),
    ],
)
def test_rows_that_meet_the_condition(frame, condition, rows):
    assert list(filter_rows(frame, condition).index) == rows


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ("zz == 1", "no column 'zz'"),
        ("n == ", "ends where a value"),
        ("n", "ends where an operator"),
        ("n == 2 and", "ends where a column"),
        ("(n == 2", "not closed"),
        ("n == 2)", "should end"),
        ("n = 2", "cannot read"),
        ("n in 2", "not an operator"),
        ("s == abc", "neither a column nor a value"),
        ("n == nan", "neither a column nor a value"),
        ("n > null", "null"),
        ("n contains 3", "column of texts"),
        ('s contains "("', "not a pattern"),
        ('n > "x"', "cannot be compared"),
        ('d > "soon"', "cannot be compared"),
        ("n.__class__ == 1", "no column"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(frame, condition, cause):
    with pytest.raises(SettingInvalidError, match=cause) as caught:
        filter_rows(frame, condition)
    assert "\n" not in str(caught.value)


def test_an_empty_frame_stays_one():
    assert filter_rows(pd.DataFrame({"a": pd.Series([], dtype="float64")}), "a > 1").empty


def test_repeated_index_values_do_not_multiply_rows():
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[0, 0, 0])
    assert filter_rows(frame, "a > 1 and a != 2")["a"].tolist() == [3]

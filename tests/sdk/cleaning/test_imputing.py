import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action


def fill(data, columns=None, **options):
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    action = build_transformer_action(frame, "impute", columns or list(frame.columns), options=options)
    return BaseAction(action).execute(frame)


@pytest.mark.parametrize(
    ("values", "options", "filled"),
    [
        ([1.5, None, 4.0], {"strategy": "average"}, [1.5, 2.75, 4.0]),
        ([1.5, None, 4.0, 10.0], {"strategy": "median"}, [1.5, 4.0, 4.0, 10.0]),
        ([1, 2, None, 8], {"strategy": "average"}, [1, 2, 3, 8]),
        ([-1, -2, None, -8], {"strategy": "average"}, [-1, -2, -3, -8]),
        (["b", "a", None, "c"], {"strategy": "mode"}, ["b", "a", "a", "c"]),
        (["b", "c", None, "c"], {"strategy": "mode"}, ["b", "c", "c", "c"]),
        ([3, 1, None, 2], {"strategy": "mode"}, [3, 1, 1, 2]),
        ([1.5, None, 4.0], {"strategy": "constant"}, [1.5, 0.0, 4.0]),
        ([1.5, None, 4.0], {"strategy": "constant", "value": "7"}, [1.5, 7.0, 4.0]),
        ([1.5, None, 4.0], {"value": 7}, [1.5, 7.0, 4.0]),
        (["b", "", " ", None], {"strategy": "constant"}, ["b", "missing", "missing", "missing"]),
        (["b", None, "c"], {"strategy": "constant", "value": 7}, ["b", 7, "c"]),
        (["1", "2", "", None, "5", "6"], {"strategy": "average"}, [1, 2, 3, 3, 5, 6]),
        (["$1.5", "2.5", None, "$4"], {"strategy": "constant"}, [1.5, 2.5, 0.0, 4.0]),
        ([True, None, False, True], {"strategy": "constant"}, [True, "missing", False, True]),
        ([1.5, None], {"strategy": "constant"}, [1.5, "missing"]),
        ([True, None, False, True], {"strategy": "mode"}, [True, True, False, True]),
        ([[1], None, [2], [1]], {"strategy": "mode"}, [[1], [1], [2], [1]]),
        ([[1], None, [2], [3]], {"strategy": "constant"}, [[1], [], [2], [3]]),
        ([1.5, None, None, 2.5], {"strategy": "sequential"}, [1.5, 1.5, 1.5, 2.5]),
    ],
)
def test_strategies(values, options, filled):
    assert fill({"c": values}, **options)["c"].tolist() == filled


def test_whole_numbers_become_integers():
    result = fill(
        {"n": [3.0, None, 1.0, 2.0], "full": [1.0, 2.0, 3.0, 4.0], "part": [1.5, 2, 3, 4]}, strategy="constant"
    )
    assert [str(dtype) for dtype in result.dtypes] == ["int64", "int64", "float64"]


def test_times_get_a_time():
    frame = pd.DataFrame({"d": pd.to_datetime(["2024-01-03", None, "2024-01-01"])})
    assert fill(frame.copy(), strategy="mode")["d"].tolist()[1] == pd.Timestamp("2024-01-01")
    assert fill(frame.copy(), strategy="constant", value="2020-01-01")["d"].tolist()[1] == pd.Timestamp("2020-01-01")
    assert fill(frame.copy(), strategy="constant")["d"].tolist()[1] == pd.Timestamp.min


def test_from_another_column_with_repeated_index_values():
    frame = pd.DataFrame({"a": [1.0, None, 2.0], "c": [7, 8, 9]}, index=[5, 5, 6])
    assert fill(frame, ["a"], strategy="column", value="c")["a"].tolist() == [1, 8, 2]


def test_in_the_order_of_time():
    frame = pd.DataFrame({"t": [3, 1, 2], "v": [None, 1.5, None]}, index=[9, 9, 9])
    assert fill(frame, ["v"], strategy="sequential", timeseries_cols=["t"])["v"].tolist() == [1.5, 1.5, 1.5]


def test_a_text_that_is_no_number_is_not_taken_for_a_missing_one():
    with pytest.raises(SettingInvalidError, match="'-' is none"):
        fill({"n": ["1.5", "2.5", "3.5", "-", None]}, strategy="constant")


def test_random_takes_what_is_there():
    assert set(fill({"c": ["a", "b", None, "a", None] * 20}, strategy="random")["c"]) == {"a", "b"}


def test_the_given_frame_is_filled_itself():
    frame = pd.DataFrame({"a": [1.5, None, 2.5], "b": [None, 2.5, None]})
    assert fill(frame, ["a"], strategy="constant") is frame
    assert frame["a"].tolist() == [1.5, 0.0, 2.5]
    assert frame["b"].isna().tolist() == [True, False, True]


def test_the_payload_may_say_the_kind():
    frame = pd.DataFrame({"n": [1.5, None, 2.5]})
    payload = {
        "action_type": "impute",
        "axis": "column",
        "action_arguments": ["n"],
        "action_options": {"strategy": "constant", "value": "32"},
        "action_variables": {"n": {"uuid": "n", "column_type": "number"}},
    }
    assert BaseAction(payload).execute(frame)["n"].tolist() == [1, 32, 2]


def test_nothing_to_fill():
    assert fill({"f": [None, None]}, strategy="constant")["f"].tolist() == ["missing", "missing"]
    assert fill(pd.DataFrame({"v": pd.Series([], dtype="float64")}), strategy="average").empty
    frame = pd.DataFrame({"a": ["x", "y", "z"]})
    before = frame["a"].dtype
    assert fill(frame, strategy="constant")["a"].dtype == before


@pytest.mark.parametrize(
    ("values", "options", "cause"),
    [
        (["a", None, "c"], {"strategy": "average"}, "does not hold numbers"),
        (["a", None, "c"], {"strategy": "zzz"}, "'zzz' is not a strategy"),
        (["a", None, "c"], {}, "None is not a strategy"),
        ([1.5, None, 2.5], {"strategy": "constant", "value": "abc"}, "not a number"),
        ([1.5, None], {"strategy": "column"}, "option value is None"),
        ([1.5, None], {"strategy": "sequential", "timeseries_cols": ["t"]}, "'t', which is not a column"),
        (pd.Series([None, None], dtype="float64"), {"strategy": "mode"}, "all of its values are missing"),
        (pd.Series([None, None], dtype="float64"), {"strategy": "random"}, "all of its values are missing"),
    ],
)
def test_what_cannot_be_filled_is_said(values, options, cause):
    with pytest.raises(SettingInvalidError, match=cause):
        fill({"c": values}, **options)

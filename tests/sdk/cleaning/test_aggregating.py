import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action


def aggregate(kind, frame, columns, names, **more):
    action = build_transformer_action(frame, kind, columns, outputs=[{"uuid": name} for name in names], **more)
    return BaseAction(action).execute(frame)


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"g": ["u", "v", "u", "v", None], "x": [1.5, 2.5, None, 4.0, 10.0], "n": [1, 2, 3, 4, 5]}, index=[9, 8, 7, 6, 5]
    )


@pytest.mark.parametrize(
    ("kind", "u", "v"),
    [
        ("average", 1.5, 3.25),
        ("count", 1, 2),
        ("count_distinct", 1, 2),
        ("first", 1.5, 2.5),
        ("last", 1.5, 4.0),
        ("max", 1.5, 4.0),
        ("median", 1.5, 3.25),
        ("min", 1.5, 2.5),
        ("sum", 1.5, 6.5),
    ],
)
def test_every_row_gets_the_aggregate_of_its_group(frame, kind, u, v):
    result = aggregate(kind, frame, ["x"], ["o"], options={"groupby_columns": ["g"]})
    assert result["o"].tolist()[:4] == [u, v, u, v]
    assert pd.isna(result["o"].tolist()[4])
    assert list(result.index) == [0, 1, 2, 3, 4]
    assert "o" not in frame.columns


def test_a_condition_chooses_what_enters(frame):
    more = {"options": {"groupby_columns": ["g"]}, "action_code": "n > 2"}
    assert aggregate("sum", frame, ["n"], ["o"], **more)["o"].tolist()[:4] == [3, 4, 3, 4]


def test_without_groups_the_first_column_counts(frame):
    assert aggregate("sum", frame, ["x", "n"], ["o", "p"]) is frame
    assert frame["o"].tolist() == [18.0] * 5
    assert "p" not in frame.columns


def test_several_columns_and_groups(frame):
    frame["h"] = ["a", "a", "a", "b", "b"]
    result = aggregate("max", frame, ["x", "n"], ["o", "p"], options={"groupby_columns": ["g", "h"]})
    assert result["p"].tolist()[:4] == [3, 2, 3, 4]


def test_a_group_column_and_the_same_column_twice_can_be_aggregated(frame):
    result = aggregate("count", frame, ["g", "g"], ["o", "p"], options={"groupby_columns": "g"})
    assert result["o"].tolist()[:4] == result["p"].tolist()[:4] == [2, 2, 2, 2]


def test_no_arguments_do_nothing(frame):
    assert aggregate("sum", frame, [], ["o"]) is frame


@pytest.mark.parametrize(("window", "rows"), [(10, [0, 2]), (-10, [0, 1, 5]), (0, [0])])
def test_a_window_of_time_chooses_what_enters(window, rows):
    times = ["00:01:00", "00:01:10", "00:00:50", "00:01:11", "00:00:49", "00:01:05"]
    frame = pd.DataFrame(
        {"g": range(6), "a": pd.Timestamp("2024-01-01 00:01:00"), "b": ["2024-01-01 " + t for t in times]}
    )
    options = {"groupby_columns": ["g"], "timestamp_feature_a": "a", "timestamp_feature_b": "b", "window": window}
    result = aggregate("count", frame, ["a"], ["o"], options=options)
    assert result.index[result["o"].notna()].tolist() == rows


@pytest.mark.parametrize(
    ("columns", "options", "cause"),
    [
        (["zz"], {}, "no column 'zz'"),
        (["n"], {"groupby_columns": ["zz"]}, "no column 'zz'"),
        (["g"], {"groupby_columns": ["g"]}, "aggregating g by mean"),
    ],
)
def test_what_cannot_be_aggregated_is_said(frame, columns, options, cause):
    with pytest.raises(SettingInvalidError, match=cause):
        aggregate("average", frame, columns, ["o"], options=options)

import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action


def act(kind, data, columns, name="o", **more):
    frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    outputs = [{"uuid": name, "column_type": "number"}] if name else []
    return BaseAction(build_transformer_action(frame, kind, columns, outputs=outputs, **more)).execute(frame)


def listed(column):
    return [None if pd.isna(value) else value for value in column]


@pytest.mark.parametrize(
    ("kind", "options", "shifted"),
    [
        ("shift_up", {}, [2, 3, 4, None]),
        ("shift_up", {"periods": 2}, [2, 3, 4, None]),
        ("shift_down", {}, [None, 1, 2, 3]),
        ("shift_down", {"periods": 2}, [None, None, 1, 2]),
        ("shift_down", {"groupby_columns": ["g"]}, [None, None, 1, 2]),
        ("shift_down", {"groupby_columns": "g"}, [None, None, 1, 2]),
        ("diff", {}, [None, 1, 1, 1]),
    ],
)
def test_shift_and_difference(kind, options, shifted):
    result = act(kind, {"n": [1, 2, 3, 4], "g": ["a", "b", "a", "b"]}, ["n"], options=options)
    assert listed(result["o"]) == shifted


@pytest.mark.parametrize("kind", ["shift_up", "shift_down", "diff", "normalize", "standardize", "reformat"])
def test_no_arguments_do_nothing(kind):
    frame = pd.DataFrame({"n": [1]})
    assert act(kind, frame, []).equals(pd.DataFrame({"n": [1]}))


def test_a_new_column_needs_a_name():
    with pytest.raises(SettingInvalidError, match="no output is named"):
        act("diff", {"n": [1, 2]}, ["n"], name=None)


def test_scaling():
    assert listed(act("normalize", {"x": [1.5, 2.5, None, 4.0, 10.0]}, ["x"])["x"]) == [
        0.0,
        0.11764705882352941,
        None,
        0.29411764705882354,
        1.0,
    ]
    assert act("standardize", {"n": [1, 2, 3, 4, 5]}, ["n"])["n"].tolist() == pytest.approx(
        [-1.414213562373095, -0.7071067811865475, 0.0, 0.7071067811865475, 1.414213562373095], rel=1e-15
    )
    assert listed(act("standardize", {"n": [2, 2]}, ["n"])["n"]) == [None, None]
    with pytest.raises(SettingInvalidError, match="not numbers"):
        act("normalize", {"s": ["a"]}, ["s"])


def test_capitals():
    options = {"reformat": "caps_standardization", "capitalization": "uppercase"}
    result = act("reformat", {"s": ["aB", None, "c"], "n": [1, 2, 3]}, ["s", "n"], options=options)
    assert listed(result["s"]) == ["AB", None, "C"]
    assert result["n"].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("  $ 10000", 10000),
        ("- ¥ 22.324523", -22.324523),
        (" 10000 元   ", 10000),
        ("0.42 €", 0.42),
        ("-  3.42032 CAD", -3.42032),
        ("Rs - 100000.23", -100000.23),
        ("$1,000.50", 1000.5),
        ("€ 5.", 5),
        ("5%", None),
        ("(5)", None),
        ("--5", None),
        ("x", None),
        ("", None),
    ],
)
def test_currencies(text, number):
    result = act("reformat", {"c": [text, "1"]}, ["c"], options={"reformat": "currency_to_num"})
    assert listed(result["c"]) == [number, 1]


def test_dates_each_in_its_own_way():
    texts = ["13/02/2024", "02/13/2024", "2024-01-05T10:00:00", "Jan 5, 2024", "bad", None]
    result = act("reformat", {"d": texts}, ["d"], options={"reformat": "date_format_conversion"})
    assert [None if pd.isna(time) else str(time) for time in result["d"]] == [
        "2024-02-13 00:00:00",
        "2024-02-13 00:00:00",
        "2024-01-05 10:00:00",
        "2024-01-05 00:00:00",
        None,
        None,
    ]


def test_zoned_and_plain_dates_together():
    texts = ["2024-01-05", "2024-01-05T00:00:00Z"]
    result = act("reformat", {"d": texts}, ["d"], options={"reformat": "date_format_conversion"})
    assert [time.tzinfo is None for time in result["d"]] == [True, False]
    zoned = act("reformat", {"d": texts[1:]}, ["d"], options={"reformat": "date_format_conversion"})
    assert str(zoned["d"].dtype).endswith("UTC]")


def test_what_does_not_look_right_is_marked():
    data = {
        "email": ["a@b.co", "bad", "c@d.co", "e@f.co", None],
        "d": ["2024-01-01", "bad", "2024-02-01", "2024-02-04", None],
        "zip": ["12345", "x", "22345", "33333", "44444"],
        "n": ["1", "2", "3", "4", "5"],
        "word": ["a b", "12", "c", "d", "e"],
    }
    result = act("fix_syntax_errors", data, list(data))
    assert listed(result["email"]) == ["a@b.co", "invalid", "c@d.co", "e@f.co", None]
    assert listed(result["d"]) == ["2024-01-01", None, "2024-02-01", "2024-02-04", None]
    assert listed(result["zip"]) == ["12345", "invalid", "22345", "33333", "44444"]
    assert listed(result["n"]) == data["n"]
    assert listed(result["word"]) == data["word"]

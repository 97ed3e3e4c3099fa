import pandas as pd
import pytest

from penstock.model.errors import SettingInvalidError, UnsupportedError
from penstock.sdk.cleaning.actions import BaseAction, build_transformer_action
from penstock.sdk.cleaning.vocabulary import ActionType, Axis


def act(frame, kind, axis="column", **more):
    return BaseAction(build_transformer_action(frame, kind, axis=axis, **more)).execute(frame)


@pytest.fixture
def frame():
    return pd.DataFrame({"id": [3, 1, 2, 2, None], "name": ["b", "a", "c", "c", None], "g": list("uvuvu")})


def test_select_and_remove(frame):
    assert list(act(frame, "select", arguments=["g", "id", "g"]).columns) == ["g", "id"]
    assert list(act(frame, "select").columns) == []
    assert list(act(frame, ActionType.REMOVE, arguments=["id", "zz"], axis=Axis.COLUMN).columns) == ["name", "g"]
    assert list(act(frame, "remove", "row", options={"rows": [0, 2, 99]}).index) == [1, 3, 4]


def test_arguments_may_be_an_index_of_columns(frame):
    assert list(act(frame, "select", arguments=frame.columns).columns) == ["id", "name", "g"]


@pytest.mark.parametrize(
    ("options", "rows"), [({}, [3, 4]), ({"keep": "first"}, [0, 1]), ({"keep": "last"}, [3, 4]), ({"keep": False}, [])]
)
def test_drop_duplicates(frame, options, rows):
    assert list(act(frame, "drop_duplicate", "row", arguments=["g"], options=options).index) == rows


@pytest.mark.parametrize(
    ("columns", "options", "rows"),
    [
        (["id"], {}, [4, 1, 2, 3, 0]),
        (["id"], {"ascending": False}, [0, 2, 3, 1, 4]),
        (["name"], {}, [1, 0, 2, 3, 4]),
        (["g", "id"], {"ascending": False}, [3, 1, 0, 2, 4]),
        (["g", "id"], {"ascendings": [True, False]}, [0, 2, 4, 3, 1]),
        (["id", "g"], {}, [4, 1, 2, 3, 0]),
        ([], {}, [0, 1, 2, 3, 4]),
    ],
)
def test_sort(frame, columns, options, rows):
    assert list(act(frame, "sort", "row", arguments=columns, options=options).index) == rows


def test_equal_rows_keep_their_order():
    frame = pd.DataFrame({"a": [index % 3 for index in range(60)]})
    assert list(act(frame, "sort", "row", arguments=["a"]).index)[:20] == list(range(0, 60, 3))


def test_filter(frame):
    assert list(act(frame, "filter", "row", action_code="id == 2 and name != null").index) == [2, 3]


def test_clean_column_names(frame):
    result = act(frame.rename(columns={"id": "My ID", "g": "class"}), "clean_column_name", arguments=["My ID", "class"])
    assert list(result.columns) == ["my_id", "name", "class_"]
    with pytest.raises(SettingInvalidError, match="same name"):
        act(pd.DataFrame({"A B": [1], "a b": [2]}), "clean_column_name", arguments=["A B", "a b"])


def test_custom_code_changes_the_frame(frame):
    assert act(frame, "custom", action_code="df['z'] = df['id'] * 2")["z"].tolist()[:2] == [6, 2]


@pytest.mark.parametrize(
    ("kind", "axis"), [("limit", "row"), ("join", "column"), ("sort", "column"), ("remove_outliers", "column")]
)
def test_an_action_that_is_not_there_says_so_when_executed(frame, kind, axis):
    action = BaseAction(build_transformer_action(frame, kind, axis=axis))
    with pytest.raises(UnsupportedError, match=kind):
        action.execute(frame)


@pytest.mark.parametrize("payload", [{}, {"action_type": "zz"}, {"action_type": "select", "axis": "diagonal"}])
def test_a_payload_without_sense_is_refused(payload):
    with pytest.raises(SettingInvalidError):
        BaseAction(payload)


def test_a_column_that_is_not_there_is_named(frame):
    with pytest.raises(SettingInvalidError, match="no column 'zz'") as caught:
        act(frame, "select", arguments=["zz"])
    assert "id, name, g" in caught.value.hint


def test_the_words_have_the_values_of_payloads():
    assert len(ActionType) == 36
    assert {ActionType.CLEAN_COLUMN_NAME.value, ActionType.UPDATE_VALUE.value} == {"clean_column_name", "update_value"}

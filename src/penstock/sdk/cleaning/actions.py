"""Building and executing transformer actions: a payload says what to do, `BaseAction` does it to a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError, UnsupportedError
from penstock.sdk.cleaning import columns as on_columns
from penstock.sdk.cleaning.aggregating import FUNCTIONS, aggregate
from penstock.sdk.cleaning.column_types import infer_column_type
from penstock.sdk.cleaning.filtering import filter_rows
from penstock.sdk.cleaning.imputing import impute
from penstock.sdk.cleaning.naming import clean_column_name
from penstock.sdk.cleaning.sorting import sort_rows
from penstock.sdk.cleaning.vocabulary import ActionType, Axis, ColumnType

if TYPE_CHECKING:
    import pandas as pd

_NEEDS_KINDS = frozenset({ActionType.FIX_SYNTAX_ERRORS, ActionType.IMPUTE, ActionType.REFORMAT})


def build_transformer_action(
    df: pd.DataFrame,
    action_type: ActionType | str,
    arguments: Sequence[Any] = (),
    action_code: str = "",
    options: Mapping[str, Any] | None = None,
    axis: Axis | str = Axis.COLUMN,
    outputs: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The payload of an action, for `BaseAction`.

    Args:
        df: the frame whose columns the action is about.
        action_type: what to do.
        arguments: the columns to do it to.
        action_code: a filter, or the code of a custom action.
        options: what else the action needs.
        axis: whether it works on columns or on rows.
        outputs: `uuid` (name) and `column_type` of the new columns, in the order of the arguments.
    """
    names = list(arguments)
    variables = _variables(df, names) if str(action_type) in _NEEDS_KINDS else {}
    return {
        "action_type": action_type,
        "action_arguments": names,
        "action_code": action_code,
        "action_options": dict(options or {}),
        "action_variables": variables,
        "axis": axis,
        "outputs": [dict(output) for output in outputs],
    }


def _variables(frame: pd.DataFrame, names: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    return {
        name: {"type": "feature", "feature": {"uuid": name, "column_type": infer_column_type(frame[name], str(name))}}
        for name in names
        if name in frame.columns
    }


class BaseAction:
    """One action, ready to be executed on frames.

    Args:
        action: a payload as `build_transformer_action` makes it, or as JSON has it.

    Raises:
        SettingInvalidError: the payload names no action or axis that exists.
    """

    def __init__(self, action: Mapping[str, Any]) -> None:
        self.action = dict(action)
        try:
            self.action_type = ActionType(action["action_type"])
            self.axis = Axis(action.get("axis", Axis.COLUMN))
        except (KeyError, ValueError) as error:
            raise SettingInvalidError(
                f"reading a transformer action: {error} is not an action or axis that exists",
                hint="Use the values of ActionType and Axis.",
            ) from error
        self._options: dict[str, Any] = dict(action.get("action_options") or {})
        self._code: str = action.get("action_code") or ""

    def execute(self, df: pd.DataFrame) -> pd.DataFrame:
        """Do it to the frame and return the result; actions that add or fill columns change the given frame itself.

        Raises:
            SettingInvalidError: the options do not suit the frame.
            UnsupportedError: an action that exists in the format only.
        """
        if self.action_type in FUNCTIONS and self.axis == Axis.COLUMN:
            function = FUNCTIONS[self.action_type]
            return aggregate(df, function, self._arguments(df), self._names(), self._options, self._code)
        execute = _ACTIONS.get((self.axis, self.action_type))
        if execute is None:
            raise UnsupportedError(
                f"executing the transformer action {self.action_type.value} on the axis {self.axis.value}: "
                "Penstock does not have it",
                hint="Do it with pandas.",
            )
        return execute(self, df)

    def _arguments(self, frame: pd.DataFrame) -> list[Any]:
        """The argument columns; SettingInvalidError for one that the frame does not have."""
        names = list(self.action.get("action_arguments") or [])
        for name in names:
            if name not in frame.columns:
                raise SettingInvalidError(
                    f"executing the transformer action {self.action_type.value}: there is no column {name!r}",
                    hint=f"The columns are {', '.join(map(str, frame.columns))}.",
                )
        return names

    def _names(self) -> list[str]:
        """The names of the new columns."""
        return [output["uuid"] for output in self.action.get("outputs") or []]

    def _name(self) -> str:
        """The name of the one new column."""
        names = self._names()
        if not names:
            raise SettingInvalidError(
                f"executing the transformer action {self.action_type.value}: no output is named",
                hint="Give outputs=[{'uuid': <name of the new column>, 'column_type': ...}].",
            )
        return names[0]

    def _groups(self) -> list[Any]:
        groups = self._options.get("groupby_columns") or []
        return [groups] if isinstance(groups, str) else list(groups)

    def _kinds(self, frame: pd.DataFrame) -> dict[Any, ColumnType]:
        """The kind of each argument: the payload's word for it, else judged from the values."""
        told = self.action.get("action_variables") or {}
        kinds = {}
        for name in self._arguments(frame):
            entry = told.get(name) or {}
            kind = (entry.get("feature") or entry).get("column_type")
            kinds[name] = ColumnType(kind) if kind else infer_column_type(frame[name], str(name))
        return kinds

    def _impute(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = self._arguments(frame)
        return impute(frame, names, self._options, self._kinds(frame)) if names else frame

    def _clean_names(self, frame: pd.DataFrame) -> pd.DataFrame:
        renamed = {name: clean_column_name(str(name)) for name in self._arguments(frame)}
        result = frame.rename(columns=renamed)
        if not result.columns.is_unique:
            raise SettingInvalidError(
                f"cleaning column names: two columns would have the same name ({', '.join(map(str, result.columns))})",
                hint="Rename one of them first.",
            )
        return result

    def _select(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[list(dict.fromkeys(self._arguments(frame)))]

    def _remove_columns(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.drop(columns=list(self.action.get("action_arguments") or []), errors="ignore")

    def _remove_rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.drop(index=list(self._options.get("rows") or []), errors="ignore")

    def _drop_duplicates(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.drop_duplicates(subset=self._arguments(frame) or None, keep=self._options.get("keep", "last"))

    def _filter(self, frame: pd.DataFrame) -> pd.DataFrame:
        return filter_rows(frame, self._code)

    def _sort(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = self._arguments(frame)
        if not names:
            return frame
        order = self._options.get("ascendings") or [self._options.get("ascending", True)] * len(names)
        if len(order) != len(names):
            raise SettingInvalidError(
                f"sorting rows: {len(names)} columns, but {len(order)} values in ascendings",
                hint="Give one value for each column.",
            )
        return sort_rows(frame, names, list(order))

    def _shift_down(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = self._arguments(frame)
        if not names:
            return frame
        return on_columns.shift(frame, names[0], self._name(), int(self._options.get("periods", 1)), self._groups())

    def _shift_up(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = self._arguments(frame)
        return on_columns.shift(frame, names[0], self._name(), -1) if names else frame

    def _difference(self, frame: pd.DataFrame) -> pd.DataFrame:
        names = self._arguments(frame)
        return on_columns.difference(frame, names[0], self._name()) if names else frame

    def _normalize(self, frame: pd.DataFrame) -> pd.DataFrame:
        return on_columns.normalize(frame, self._arguments(frame))

    def _standardize(self, frame: pd.DataFrame) -> pd.DataFrame:
        return on_columns.standardize(frame, self._arguments(frame))

    def _reformat(self, frame: pd.DataFrame) -> pd.DataFrame:
        return on_columns.reformat(frame, self._arguments(frame), self._options)

    def _mark_errors(self, frame: pd.DataFrame) -> pd.DataFrame:
        return on_columns.mark_errors(frame, self._arguments(frame), self._kinds(frame))

    def _custom(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Run the user's code, which sees the frame as `df` and changes it."""
        import pandas as pd

        exec(self._code, {"df": frame, "pd": pd})  # noqa: S102 - the user's own code, in the user's own worker
        return frame


_Execute = Callable[[BaseAction, "pd.DataFrame"], "pd.DataFrame"]

_ACTIONS: dict[tuple[Axis, ActionType], _Execute] = {
    (Axis.COLUMN, ActionType.CLEAN_COLUMN_NAME): BaseAction._clean_names,  # noqa: SLF001
    (Axis.COLUMN, ActionType.CUSTOM): BaseAction._custom,  # noqa: SLF001
    (Axis.COLUMN, ActionType.DIFF): BaseAction._difference,  # noqa: SLF001
    (Axis.COLUMN, ActionType.FIX_SYNTAX_ERRORS): BaseAction._mark_errors,  # noqa: SLF001
    (Axis.COLUMN, ActionType.IMPUTE): BaseAction._impute,  # noqa: SLF001
    (Axis.COLUMN, ActionType.NORMALIZE): BaseAction._normalize,  # noqa: SLF001
    (Axis.COLUMN, ActionType.REFORMAT): BaseAction._reformat,  # noqa: SLF001
    (Axis.COLUMN, ActionType.REMOVE): BaseAction._remove_columns,  # noqa: SLF001
    (Axis.COLUMN, ActionType.SELECT): BaseAction._select,  # noqa: SLF001
    (Axis.COLUMN, ActionType.SHIFT_DOWN): BaseAction._shift_down,  # noqa: SLF001
    (Axis.COLUMN, ActionType.SHIFT_UP): BaseAction._shift_up,  # noqa: SLF001
    (Axis.COLUMN, ActionType.STANDARDIZE): BaseAction._standardize,  # noqa: SLF001
    (Axis.ROW, ActionType.CUSTOM): BaseAction._custom,  # noqa: SLF001
    (Axis.ROW, ActionType.DROP_DUPLICATE): BaseAction._drop_duplicates,  # noqa: SLF001
    (Axis.ROW, ActionType.FILTER): BaseAction._filter,  # noqa: SLF001
    (Axis.ROW, ActionType.REMOVE): BaseAction._remove_rows,  # noqa: SLF001
    (Axis.ROW, ActionType.SORT): BaseAction._sort,  # noqa: SLF001
}
"""What each action does; the aggregates are in `aggregating.FUNCTIONS`."""

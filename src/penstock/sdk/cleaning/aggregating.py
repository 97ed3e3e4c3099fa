"""Aggregates that become new columns: every row gets the aggregate of the group that it falls into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.model.errors import SettingInvalidError
from penstock.sdk.cleaning.filtering import filter_rows
from penstock.sdk.cleaning.vocabulary import ActionType

if TYPE_CHECKING:
    import pandas as pd

FUNCTIONS = {
    ActionType.AVERAGE: "mean",
    ActionType.COUNT: "count",
    ActionType.COUNT_DISTINCT: "nunique",
    ActionType.FIRST: "first",
    ActionType.LAST: "last",
    ActionType.MAX: "max",
    ActionType.MEDIAN: "median",
    ActionType.MIN: "min",
    ActionType.SUM: "sum",
}
"""The name of the group function of pandas for each action."""

_WINDOW_OPTIONS = ("timestamp_feature_a", "timestamp_feature_b", "window")


def aggregate(
    frame: pd.DataFrame,
    function: str,
    columns: Sequence[Any],
    names: Sequence[str],
    options: Mapping[str, Any],
    condition: str,
) -> pd.DataFrame:
    """Add one column per argument.

    Args:
        frame: the rows; with groups the result is a new frame numbered from 0, without groups the frame itself.
        function: one of the values of `FUNCTIONS`.
        columns: what to aggregate. Without groups only the first counts, and the condition does not.
        names: the names of the new columns, in the order of the arguments.
        options: `groupby_columns`, and the time window (`timestamp_feature_a`, `timestamp_feature_b`, `window`).
        condition: which rows enter the aggregates; a group without any gets a missing value.

    Raises:
        SettingInvalidError: a column does not exist, or its values cannot be aggregated so.
    """
    if not columns:
        return frame
    groups = options.get("groupby_columns") or []
    groups = [groups] if isinstance(groups, str) else list(groups)
    for name in (*columns, *groups):
        if name not in frame.columns:
            raise SettingInvalidError(
                f"aggregating by {function}: there is no column {name!r}", hint="Use the names of existing columns."
            )
    try:
        if not groups:
            frame[_name(names, 0, columns)] = _total(frame[columns[0]], function)
            return frame
        return _with_groups(frame, function, columns, names, groups, _selected(frame, options, condition))
    except (TypeError, ValueError) as error:
        raise SettingInvalidError(
            f"aggregating {', '.join(map(str, columns))} by {function}: {error}",
            hint="Use a column whose values can be aggregated so.",
        ) from error


def _with_groups(
    frame: pd.DataFrame,
    function: str,
    columns: Sequence[Any],
    names: Sequence[str],
    groups: Sequence[Any],
    selected: pd.DataFrame,
) -> pd.DataFrame:
    import pandas as pd

    keys = [selected[name] for name in groups]
    table = pd.DataFrame(
        {_name(names, place, columns): selected[name].groupby(keys).agg(function) for place, name in enumerate(columns)}
    )
    return frame.merge(table.reset_index(), how="left", on=list(groups))


def _name(names: Sequence[str], place: int, columns: Sequence[Any]) -> Any:
    return names[place] if place < len(names) else columns[place]


def _total(column: pd.Series[Any], function: str) -> Any:
    if function in ("first", "last"):
        present = column.dropna()
        if present.empty:
            return None
        return present.iloc[0 if function == "first" else -1]
    return getattr(column, function)()


def _selected(frame: pd.DataFrame, options: Mapping[str, Any], condition: str) -> pd.DataFrame:
    """The rows that enter: those of the time window, then those that meet the condition."""
    import pandas as pd

    if all(options.get(option) is not None for option in _WINDOW_OPTIONS):
        end = pd.to_datetime(frame[options["timestamp_feature_a"]])
        time = pd.to_datetime(frame[options["timestamp_feature_b"]])
        start = end - pd.Timedelta(seconds=float(options["window"]))
        frame = frame[time.between(start, end) | time.between(end, start)]
    return filter_rows(frame, condition)

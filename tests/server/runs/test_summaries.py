"""What is told with every change of a block stays small, however wide its output is."""

from __future__ import annotations

import msgspec

from penstock.model.product import Column, Kind, OutputSummary
from penstock.server.runs.summaries import COLUMNS_TOLD, shown_outputs
from penstock.server.schema.runs import BlockStatus


def table(columns: int) -> OutputSummary:
    told = tuple(Column(f"column_{at}", "float64", 0, 0.25, 99.75, 1_000) for at in range(columns))
    return OutputSummary("output_0", Kind.TABLE, "pandas.frame", rows=10, bytes=80 * columns, columns=told)


def test_of_a_wide_table_the_first_columns_and_their_number_are_told() -> None:
    shown = shown_outputs([table(3_000)])
    assert len(shown[0].columns) == COLUMNS_TOLD
    assert shown[0].columns_total == 3_000
    assert shown[0].columns[-1].name == f"column_{COLUMNS_TOLD - 1}"
    told = msgspec.json.encode({"type": "block_ended", "status": BlockStatus("completed", outputs=shown)})
    assert len(told) < 25_000


def test_what_is_not_wide_is_told_whole() -> None:
    one = table(COLUMNS_TOLD)
    shown = shown_outputs([one])[0]
    assert shown.columns == one.columns
    assert (shown.columns_total, shown.rows, shown.bytes) == (COLUMNS_TOLD, one.rows, one.bytes)

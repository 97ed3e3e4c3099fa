"""Which function answers which question; its module is imported when the first such question comes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from penstock.server.outputs.reader.questions import Question

_HANDLERS = {
    "PageQuestion": "page.answer_page",
    "ColumnsQuestion": "page.answer_columns",
    "CellQuestion": "page.answer_cell",
    "ProfileQuestion": "profile.answer_profile",
    "ValueQuestion": "value.answer_value",
    "FindQuestion": "finding.answer_find",
    "FrameQuestion": "value.answer_frame",
    "RawQuestion": "download.answer_raw",
    "DownloadQuestion": "download.answer_download",
    "DiffQuestion": "difference.answer_diff",
    "ChartQuestion": "charts.answer_chart",
}

Handler = Callable[[Any, Any, Any], None]
"""Is given the work, the shelf and the question."""


def handler(question: Question) -> Handler:
    """What answers that question."""
    module, _, name = _HANDLERS[type(question).__name__].partition(".")
    found: Handler = getattr(import_module(f"penstock.server.outputs.reader.{module}"), name)
    return found


def load_all() -> None:
    """Import everything that questions may need, and DuckDB, so that none of them waits for it."""
    for place in _HANDLERS.values():
        import_module(f"penstock.server.outputs.reader.{place.partition('.')[0]}")
    import duckdb
    import pyarrow.dataset

    del duckdb, pyarrow

"""Which function answers which question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.server.outputs.reader import charts, difference, download, page, profile, questions, value

HANDLERS: dict[type, Callable[..., None]] = {
    questions.PageQuestion: page.answer_page,
    questions.CellQuestion: page.answer_cell,
    questions.ProfileQuestion: profile.answer_profile,
    questions.ValueQuestion: value.answer_value,
    questions.FrameQuestion: value.answer_frame,
    questions.DownloadQuestion: download.answer_download,
    questions.RawQuestion: download.answer_raw,
    questions.DiffQuestion: difference.answer_diff,
    questions.ChartQuestion: charts.answer_chart,
}
"""Each is given the work, the shelf and the question."""

Handler = Callable[[Any, Any, Any], None]

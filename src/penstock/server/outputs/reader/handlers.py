"""Which function answers which question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.server.outputs.reader import page, profile, questions

HANDLERS: dict[type, Callable[..., None]] = {
    questions.PageQuestion: page.answer_page,
    questions.CellQuestion: page.answer_cell,
    questions.ProfileQuestion: profile.answer_profile,
}
"""Each is given the work, the shelf and the question."""

Handler = Callable[[Any, Any, Any], None]

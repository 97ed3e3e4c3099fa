"""Putting requests to the control side from block code."""

from __future__ import annotations

from typing import Any

from penstock.model.errors import UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk.context import current


def ask(kind: AskKind, doing: str, arguments: dict[str, Any]) -> Any:
    """Put the request and wait for its answer.

    Args:
        kind: what is requested.
        doing: the words for an error, such as "triggering pipeline orders".
        arguments: the request's values: text, numbers, booleans, None, lists and dicts of them.

    Raises:
        PenstockError: the control side's answer is an error.
        UnsupportedError: the code does not run in a block of a run, so that nobody could answer.
    """
    asker = current().ask
    if asker is None:
        raise UnsupportedError(
            f"{doing}: only a block that runs in a pipeline can ask for that",
            hint="Run the block with `penstock run`.",
        )
    return asker(kind, arguments)

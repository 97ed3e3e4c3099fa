"""The `@test` functions of a block, run on its outputs."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.languages.python.call import call
from penstock.model.messages import TestOutcome


def run_checks(
    tests: Sequence[Callable[..., Any]], outputs: Sequence[Any], variables: Mapping[str, Any]
) -> Iterator[TestOutcome]:
    """Run every test on the outputs. An AssertionError fails a test; anything else that it raises goes on up.

    A block that returned nothing hands its tests a single None, so that `assert output is not None` can say so.
    """
    values = list(outputs) or [None]
    for test in tests:
        name = getattr(test, "__name__", "test")
        try:
            call(test, values, variables, [f"output_{index}" for index in range(len(values))], is_test=True)
        except AssertionError as error:
            yield TestOutcome(name, passed=False, error=_assertion_text(error))
        else:
            yield TestOutcome(name, passed=True)


def _assertion_text(error: AssertionError) -> str:
    """The assertion's message, or the line that failed, with its place."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return str(error)
    file, line = last.tb_frame.f_code.co_filename, last.tb_lineno
    text = str(error) or linecache.getline(file, line).strip()
    return f"{text} ({Path(file).name}:{line})"

"""Plain text for the terminal: tables and sizes."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import click

from penstock.cli.exits import drop_output

WIDEST = 40
"""Characters of a cell; longer ones are cut with an ellipsis."""
_STEP = 1000


def text_table(titles: list[str], rows: list[list[str]], *, indent: int = 0) -> str:
    """A table with aligned columns; control characters in cells are made visible, long cells are cut."""
    shown = [[_fit(cell) for cell in row] for row in rows]
    columns = list(zip(titles, *shown, strict=True)) if shown else [(title,) for title in titles]
    widths = [max(_width(cell) for cell in column) for column in columns]
    lines = []
    for row in [titles, *shown]:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        lines.append(" " * indent + "  ".join(cells).rstrip())
    return "\n".join(lines)


def human_size(count: float) -> str:
    """Bytes with a decimal unit: 891 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < _STEP:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= _STEP
    return f"{count:.1f} TB"


def one_line(text: str) -> str:
    """The text on one line: control characters, which could drive the terminal, are shown as escapes."""
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _fit(cell: str) -> str:
    clean = one_line(cell[: WIDEST * 2])
    return clean if len(clean) <= WIDEST else clean[: WIDEST - 1] + "…"


def _width(cell: str) -> int:
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in cell
    )


def say(line: str) -> None:
    """Write a line. Once its reader has gone (`penstock run ... | head`), lines go nowhere, and the work goes on."""
    try:
        click.echo(line)
    except BrokenPipeError:
        drop_output()


def say_list(name: str, items: Sequence[Any], *, more: bool = False, **also: Any) -> None:
    """Write a list as JSON: an object with the list under the name of what it holds, as every command that lists does.

    Args:
        name: what is listed, such as runs.
        items: each as JSON can hold it; other values become text.
        more: whether there are more than were asked for.
        also: what else there is to tell.
    """
    say_document({name: items, **also, "more": more})


def say_document(document: Mapping[str, Any]) -> None:
    """Write an object as JSON; what JSON cannot hold becomes text."""
    say(json.dumps(document, ensure_ascii=False, indent=2, default=str))

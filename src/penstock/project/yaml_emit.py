"""Writes values as YAML text that fits into a place of an existing file."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from penstock.model.errors import EditRefusedError
from penstock.project.yaml_text import DEEPEST


class _Single(str):
    __slots__ = ()


class _Double(str):
    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Plain YAML in the order of the data; texts of several lines as `|` where that is possible."""

    literal = True

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of PyYAML
        return True


class _InlineDumper(_Dumper):
    literal = False


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = None
    if not value.isprintable():
        style = "|" if dumper.literal and _reads_well(value) else '"'
    elif isinstance(value, _Single):
        style = "'"
    elif isinstance(value, _Double):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=style)


def _reads_well(value: str) -> bool:
    """Whether a text of several lines survives as `|`: nothing at its edges or line ends that people would not see."""
    lines = value.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and all(line.isprintable() and line == line.rstrip() for line in lines)
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and bool(lines[-1])
    )


for _kind in (str, _Single, _Double):
    _Dumper.add_representer(_kind, _text)


def block_pair(key: str, value: Any, *, column: int, newline: str) -> str:
    """`key: value` in block style; lines after the first are indented by `column`. No line break at the end."""
    return _shift(_dump({key: value}, flow=False), column, newline)


def block_value(value: Any, *, column: int, newline: str, style: str = "", inline: bool = False) -> str:
    """What stands behind `key:`: a space and a value, or a line break and indented lines.

    Args:
        value: the value.
        column: where the key begins.
        newline: the file's line ending.
        style: the quotes that the old value had.
        inline: something follows on the same line, so a text must stay on one line.
    """
    dumped = _dump({"k": styled(value, style)}, flow=False, inline=inline)
    return _shift(dumped[2:], column, newline)


def block_item(value: Any, *, column: int, newline: str, style: str = "", inline: bool = False) -> str:
    """`- value` in block style; lines after the first are indented by `column`. No line break at the end."""
    return _shift(_dump([styled(value, style)], flow=False, inline=inline), column, newline)


def flow_value(value: Any, style: str = "") -> str:
    """A value on one line, fit to stand inside `[...]` and `{...}`."""
    return _dump([styled(value, style)], flow=True, inline=True)[1:-1]


def flow_pair(key: str, value: Any) -> str:
    """`key: value` on one line, fit to stand inside `{...}`."""
    return _dump({key: value}, flow=True, inline=True)[1:-1]


def styled(value: Any, style: str) -> Any:
    """A text that is written in those quotes, where that is possible; other values as they are."""
    if isinstance(value, str):
        return _Single(value) if style == "'" else _Double(value) if style == '"' else value
    return value


def check_plain(value: Any, depth: int = 0) -> None:
    """Refuse what a project file cannot hold. Raises EditRefusedError."""
    if depth > DEEPEST:
        raise EditRefusedError("changing a file: the value is nested too deeply", hint="Pass plain data.")
    match value:
        case None | bool() | int() | float() | str() | date():
            return
        case dict():
            for key, item in value.items():
                if not isinstance(key, str | int | float | bool | date | None):
                    raise _not_plain(key)
                check_plain(item, depth + 1)
        case list():
            for item in value:
                check_plain(item, depth + 1)
        case _:
            raise _not_plain(value)


def _not_plain(value: Any) -> EditRefusedError:
    return EditRefusedError(
        f"changing a file: a value of type {type(value).__name__} cannot be written",
        hint="Pass text, numbers, booleans, dates, lists and dicts.",
    )


def _dump(value: Any, *, flow: bool, inline: bool = False) -> str:
    try:
        text = yaml.dump(
            value,
            Dumper=_InlineDumper if inline else _Dumper,
            default_flow_style=flow,
            sort_keys=False,
            allow_unicode=True,
            width=2**30,
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise EditRefusedError(f"changing a file: {error}", hint="Pass plain data.") from error
    return str(text).removesuffix("\n")


def _shift(text: str, column: int, newline: str) -> str:
    """Indent all lines but the first; empty lines stay empty."""
    first, *rest = text.split("\n")
    return newline.join([first, *(" " * column + line if line else line for line in rest)])

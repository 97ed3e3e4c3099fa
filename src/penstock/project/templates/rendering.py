"""Fills values into the code of a template.

The code runs as it stands: its values are constants at the top, its block function has a name. Filling in replaces
the text of those values and of that name and touches nothing else, so that no template language is needed, and the
marks of Jinja in SQL and markdown stay what they are.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

from penstock.model.block import Language
from penstock.model.errors import SettingInvalidError
from penstock.project.layout import clean_name

_WIDE = 100
"""Characters of a value's text beyond which a list is written over several lines."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant at the top of a template's code, and the value that stands there."""

    name: str
    value: Any


def parameters(text: str, language: Language) -> tuple[Parameter, ...]:
    """What can be filled in: constants in capitals with plain values, in the order of the file."""
    if language is not Language.PYTHON:
        return ()
    found = []
    for name, node in _constants(_parsed(text)):
        try:
            found.append(Parameter(name, ast.literal_eval(node)))
        except ValueError:
            continue
    return tuple(found)


def render(text: str, language: Language, *, name: str = "", values: Mapping[str, Any] | None = None) -> str:
    """The code with other values, and its block function under another name.

    Args:
        text: the code.
        language: what it is written in; only Python code has values and a function.
        name: the function's name; nothing is renamed when it is empty or cannot be a name.
        values: constant -> value.

    Raises:
        SettingInvalidError: the code has no such constant, or the value has no text in Python.
    """
    values = values or {}
    tree = _parsed(text) if language is Language.PYTHON else None
    places = dict(_constants(tree)) if tree is not None else {}
    unknown = [key for key in values if key not in places]
    if unknown:
        raise SettingInvalidError(
            f"filling in a template: it has no value {', '.join(unknown)}",
            hint=f"Its values: {', '.join(places) or 'none'}.",
        )
    if tree is None:
        return text
    changes = [(_span(text, places[key]), _written(key, _like(places[key], value))) for key, value in values.items()]
    function = _function_name(name)
    if function:
        changes += [(span, function) for span in _name_spans(text, tree)]
    for (start, end), new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _constants(tree: ast.Module | None) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id.isupper():
                yield target.id, node.value


def _span(text: str, node: ast.expr) -> tuple[int, int]:
    lines = text.splitlines(keepends=True)
    end_line = node.end_lineno or node.lineno
    return (
        _offset(lines, node.lineno, node.col_offset),
        _offset(lines, end_line, node.end_col_offset or node.col_offset),
    )


def _offset(lines: list[str], line: int, column: int) -> int:
    """The place in the text of a line from 1 and a column in bytes, as `ast` counts."""
    before = lines[line - 1].encode("utf-8")[:column].decode("utf-8")
    return sum(map(len, lines[: line - 1])) + len(before)


def _like(old: ast.expr, value: Any) -> Any:
    """The value with tuples where the code has tuples: JSON knows none, and libraries tell them from lists."""
    if isinstance(value, list | tuple) and isinstance(old, ast.List | ast.Tuple):
        items = [
            _like(old.elts[min(at, len(old.elts) - 1)], item) if old.elts else item for at, item in enumerate(value)
        ]
        return tuple(items) if isinstance(old, ast.Tuple) else items
    if isinstance(value, dict) and isinstance(old, ast.Dict) and old.values:
        return {key: _like(old.values[0], item) for key, item in value.items()}
    return value


def _written(name: str, value: Any) -> str:
    """The value as Python writes it; texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\x7f")
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, tuple):
        items = [_written(name, item) for item in value]
        return f"({items[0]},)" if len(items) == 1 else _several("(", items, ")")
    if isinstance(value, list):
        return _several("[", [_written(name, item) for item in value], "]")
    if isinstance(value, dict):
        return _several("{", [f"{_written(name, key)}: {_written(name, item)}" for key, item in value.items()], "}")
    raise SettingInvalidError(
        f"filling in a template: the value of {name} is a {type(value).__name__}",
        hint="Give texts, numbers, lists and maps.",
    )


def _several(opening: str, items: list[str], closing: str) -> str:
    line = ", ".join(items)
    if len(line) <= _WIDE and "\n" not in line:
        return f"{opening}{line}{closing}"
    inner = "".join("    " + item.replace("\n", "\n    ") + ",\n" for item in items)
    return f"{opening}\n{inner}{closing}"


def _function_name(name: str) -> str:
    """The name of a block as that of a function; "" when it cannot be one."""
    function = clean_name(name).rpartition("/")[2] if name else ""
    return function if function.isidentifier() and not iskeyword(function) else ""


def _name_spans(text: str, tree: ast.Module) -> Iterator[tuple[int, int]]:
    """Where the name of the block's function stands: of the first function with a decorator that is no test."""
    lines = text.splitlines(keepends=True)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list and not _is_test(node):
            start = _offset(lines, node.lineno, node.col_offset)
            found = re.compile(r"(?:async\s+)?def\s+").match(text, start)
            if found:
                yield found.end(), found.end() + len(node.name)
            return


def _is_test(node: ast.FunctionDef) -> bool:
    return any(isinstance(decorator, ast.Name) and decorator.id == "test" for decorator in node.decorator_list)

"""The parameters of a block's function, read from its text and changed in it: the rest of the text stays as it is.

The text is parsed to find places, and spliced there. Whatever cannot be changed without a doubt is left alone, and the
reason given in one sentence.
"""

from __future__ import annotations

import ast
import keyword
import re
import warnings
from dataclasses import dataclass

from penstock.model.block import BlockType
from penstock.project.layout import clean_name
from penstock.project.rules.blocks import DECORATORS

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The text after a change, or as it was, with the reason why nothing could be changed."""

    text: str
    why_not: str = ""


def parameters(source: str, kind: BlockType) -> tuple[tuple[str, ...], bool] | None:
    """The names of the required positional parameters of the block's function, and whether it has `*args`.

    None when there is no such function: other code, or code that does not parse.
    """
    function = _function(source, kind)
    if function is None:
        return None
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return tuple(names[: len(names) - len(arguments.defaults)]), arguments.vararg is not None


def with_upstream(source: str, kind: BlockType, before: list[str], after: list[str]) -> Rewritten:
    """The text whose function takes the upstreams of a block, in their order, where it took those before.

    A parameter moves with its upstream and keeps its name and annotation; a new upstream gets a parameter of its name.

    Args:
        source: the block's text.
        kind: the block's type, which says what its function is decorated with.
        before: the upstreams that the function's parameters stand for.
        after: the upstreams that they are to stand for.
    """
    function = _function(source, kind)
    if function is None or before == after or function.args.vararg is not None:
        return Rewritten(source)
    arguments = function.args
    required = arguments.args[: len(arguments.args) - len(arguments.defaults)]
    if len(required) != len(before) or arguments.posonlyargs:
        if len(required) == len(after) and not arguments.posonlyargs:
            return Rewritten(source)
        return Rewritten(source, f"The parameters of {function.name}() were left as they are; make them agree.")
    texts = dict(zip(before, (_slice(source, argument) for argument in required), strict=True))
    names = dict(zip(before, (argument.arg for argument in required), strict=True))
    used = _names_in(function)
    lost = [names[uuid] for uuid in before if uuid not in after and names[uuid] in used]
    if lost:
        words = ", ".join(lost)
        return Rewritten(source, f"{function.name}() still uses {words}; its parameters were left as they are.")
    taken = {argument.arg for argument in arguments.args} | _other_parameters(arguments) | used
    wanted: list[str] = []
    for uuid in after:
        if uuid not in texts:
            texts[uuid] = _free_name(uuid, taken)
            taken.add(texts[uuid])
        wanted.append(texts[uuid])
    return _spliced(source, function, required, wanted)


def parameter_names(upstream: list[str]) -> list[str]:
    """Names for the parameters of a new function that takes these upstreams."""
    taken: set[str] = {"kwargs", "args"}
    chosen: list[str] = []
    for uuid in upstream:
        chosen.append(_free_name(uuid, taken))
        taken.add(chosen[-1])
    return chosen


def with_decorator(source: str, before: BlockType, after: BlockType) -> Rewritten:
    """The text of a block of another type: the decorator, its import and its guard carry the other name."""
    old = DECORATORS.get(before, ())
    new = DECORATORS.get(after, ())
    if not old or not new or old[0] == new[0]:
        return Rewritten(source)
    try:
        tree = _parse(source)
    except ValueError:
        return Rewritten(source, f"The code does not parse; decorate its function with @{new[0]} by hand.")
    pattern = re.compile(rf"\b{re.escape(old[0])}\b")
    lines = source.splitlines(keepends=True)
    for number in sorted(_lines_with_decorator(tree, old[0])):
        lines[number - 1] = pattern.sub(new[0], lines[number - 1])
    text = "".join(lines)
    why = "" if text != source else f"Its function is not decorated with @{old[0]}; decorate it with @{new[0]}."
    return Rewritten(text, why)


def _lines_with_decorator(tree: ast.Module, name: str) -> set[int]:
    """The lines on which a decorator stands, is imported, or is looked for in `globals()`."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found |= {each.lineno for each in node.decorator_list if _decorator_name(each) == name}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.lineno for alias in node.names if alias.name == name and alias.asname is None}
        elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant) and node.left.value == name:
            found.add(node.lineno)
    return found


def _function(source: str, kind: BlockType) -> _Function | None:
    wanted = DECORATORS.get(kind, ())
    try:
        tree = _parse(source)
    except ValueError:
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
            _decorator_name(decorator) in wanted for decorator in node.decorator_list
        ):
            return node
    return None


def _parse(source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(str(error)) from error


def _decorator_name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _spliced(source: str, function: _Function, arguments: list[ast.arg], wanted: list[str]) -> Rewritten:
    """The text with other required parameters; they stand where the old ones stood."""
    lines = source.splitlines(keepends=True)
    why = f"The parameters of {function.name}() are written in a way that was left alone; make them agree."
    if arguments:
        start = _offset(lines, arguments[0].lineno, arguments[0].col_offset)
        end = _offset(lines, arguments[-1].end_lineno or 0, arguments[-1].end_col_offset or 0)
        between = source[start:end]
        if "#" in between:
            return Rewritten(source, why)
        joint = ", "
        if "\n" in between:
            joint = ",\n" + " " * _column(source, start)
        rest = re.match(r"\s*,?\s*", source[end:])
        if not wanted and rest is not None:
            tail = rest.group()
            end += len(tail) if not source[end + len(tail) :].startswith(")") or "\n" not in tail else 0
        text = source[:start] + joint.join(wanted) + source[end:]
    else:
        opening = _opening(source, lines, function)
        if opening is None:
            return Rewritten(source, why)
        behind = source[opening:].lstrip()
        text = source[:opening] + ", ".join(wanted) + ("" if behind.startswith(")") else ", ") + source[opening:]
    try:
        _parse(text)
    except ValueError:
        return Rewritten(source, why)
    return Rewritten(text)


def _opening(source: str, lines: list[str], function: _Function) -> int | None:
    """Where the parameters of a function begin that has no positional ones: behind its parenthesis."""
    start = _offset(lines, function.lineno, function.col_offset)
    found = re.match(rf"(?:async\s+)?def\s+{re.escape(function.name)}\s*\(", source[start:])
    return start + found.end() if found else None


def _offset(lines: list[str], line: int, column: int) -> int:
    """The position in the text of a line (from 1) and a column that counts bytes, as the parser tells them."""
    row = lines[line - 1].encode("utf-8")[:column].decode("utf-8", "ignore")
    return sum(len(each) for each in lines[: line - 1]) + len(row)


def _column(source: str, position: int) -> int:
    return position - (source.rfind("\n", 0, position) + 1)


def _slice(source: str, argument: ast.arg) -> str:
    return ast.get_source_segment(source, argument) or argument.arg


def _names_in(function: _Function) -> set[str]:
    return {node.id for part in function.body for node in ast.walk(part) if isinstance(node, ast.Name)}


def _other_parameters(arguments: ast.arguments) -> set[str]:
    others = [*arguments.kwonlyargs, *(each for each in (arguments.vararg, arguments.kwarg) if each)]
    return {argument.arg for argument in others}


def _free_name(uuid: str, taken: set[str]) -> str:
    """A parameter's name for an upstream: its uuid, as far as that is a name."""
    base = uuid if uuid.isidentifier() else re.sub(r"\W", "_", clean_name(uuid).rpartition("/")[2])
    if not base.isidentifier():
        base = f"data_{base}".rstrip("_")
    if keyword.iskeyword(base):
        base = f"{base}_"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name

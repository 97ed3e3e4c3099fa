"""YAML as text with positions: data for those who read, nodes for those who say where or edit.

The parser is libyaml, YAML 1.1 as PyYAML reads it. Nodes and data are built here from its events, without recursion, so
that nesting, aliases and tags stay bounded: only plain data is made, whatever the file says.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import yaml

from penstock.model.errors import FileInvalidError, Location
from penstock.project.merge_conflicts import CONFLICT, SETTLE, conflict_line

DEEPEST = 100
"""Levels of nesting that are read; the deepest file of Mage's own has about fifteen."""
MOST_ALIASED = 1_000_000
"""Nodes that aliases may stand for in one file."""

Path = Sequence[str | int]
"""Where in the data: keys and list positions, from the top."""

_PREFIX = "tag:yaml.org,2002:"
_SAFE = frozenset({"str", "int", "float", "bool", "null", "timestamp", "binary", "seq", "map"})
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Kind(StrEnum):
    """The shape of a node."""

    SCALAR = "scalar"
    LIST = "list"
    MAP = "map"


@dataclass(slots=True, eq=False)
class Node:
    """One value in the text, `text[start:end]`; comments and line breaks behind it are outside.

    `line` and `column` count from 0. A value that is left out (`key:`) has `start == end`. `items` are the values of a
    list, `pairs` those of a map with their keys, in the order of the file, duplicates and merges included.
    """

    kind: Kind
    start: int
    end: int
    line: int
    column: int
    data: Any = None
    style: str = ""
    flow: bool = False
    alias: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: int = 1

    def get(self, key: object) -> tuple[Node, Node] | None:
        """The pair of that key that counts: the last one."""
        return next((pair for pair in reversed(self.pairs) if pair[0].data == key), None)


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that was read in spite of itself: a duplicate key, a value that is not what it looks like."""

    kind: str
    message: str
    location: Location


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A parsed file. `root` and `data` are None for a file without content."""

    text: str
    file: str
    root: Node | None
    data: Any
    oddities: tuple[Oddity, ...] = ()

    def node(self, path: Path) -> Node | None:
        """The node at a path, or None."""
        node = self.root
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = (
                    node.items[step] if node.kind is Kind.LIST and -len(node.items) <= step < len(node.items) else None
                )
            else:
                pair = node.get(step) if node.kind is Kind.MAP else None
                node = pair[1] if pair else None
        return node

    def locate(self, path: Path) -> Location:
        """The place of a path; of the nearest thing around it when it is not in the file."""
        path = tuple(path)
        while path:
            parent = self.node(path[:-1])
            if parent is not None and parent.kind is Kind.MAP and isinstance(path[-1], str):
                pair = parent.get(path[-1])
                if pair:
                    return _location(self.file, pair[0])
            node = self.node(path)
            if node is not None:
                return _location(self.file, node)
            path = path[:-1]
        return Location(self.file)


def parse_yaml(text: str, file: str = "") -> YamlDocument:
    """Parse one document.

    Args:
        text: the file's text, without byte order mark.
        file: its name, for messages and locations.

    Raises:
        FileInvalidError: syntax, a second document, a tag that makes objects, too deep, too many aliases.
    """
    builder = _Builder(text, file)
    try:
        loader = _Loader(text)
        try:
            while not builder.finished:
                builder.take(loader.get_event())
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        raise _reader_error(text, file, error) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
        cause = ", ".join(part for part in (error.context, error.problem) if part)
        if line := conflict_line(text):
            place = Location(file, line, 1)
            raise FileInvalidError(f"reading {place}: {CONFLICT}", hint=SETTLE, location=place) from None
        raise _invalid(place, cause or "it is not YAML") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _invalid(Location(file), str(error).splitlines()[0]) from None
    root = builder.root
    return YamlDocument(text, file, root, root.data if root else None, tuple(builder.oddities))


@dataclass(slots=True)
class _Builder:
    """Turns events into nodes and data, one event at a time."""

    text: str
    file: str
    root: Node | None = None
    oddities: list[Oddity] = field(default_factory=list)
    finished: bool = False
    stack: list[Node] = field(default_factory=list)
    keys: list[Node | None] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    aliased: int = 0
    documents: int = 0

    def take(self, event: Any) -> None:
        """The next event of the parser."""
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.AliasEvent():
                self._add(self._alias(event))
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _invalid(self._place(event), "it holds a second document; one is expected")
            case yaml.StreamEndEvent():
                self.finished = True
            case _:
                pass

    def _place(self, event: Any) -> Location:
        return Location(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, kind: Kind, event: Any) -> Node:
        mark = event.start_mark
        return Node(kind, mark.index, event.end_mark.index, mark.line, mark.column)

    def _scalar(self, event: Any) -> Node:
        node = self._node(Kind.SCALAR, event)
        node.style = event.style or ""
        if node.style in {"|", ">"}:
            node.end = _end_of_block_scalar(self.text, node.start, node.end)
        if event.tag is None or event.tag == "!":
            plain = event.implicit[0] and event.tag is None
            node.data = resolve(event.value) if plain else event.value
            if node.data is UNREADABLE:
                node.data = event.value
                message = f"{event.value[:40]!r} looks like a date or number but is none; it is read as text"
                self.oddities.append(Oddity("value", message, self._place(event)))
        else:
            node.data = self._tagged(event)
        self._remember(event, node)
        return node

    def _tagged(self, event: Any) -> Any:
        name = self._tag(event, frozenset({"seq", "map"}))
        try:
            if name == "str":
                return event.value
            if name == "binary":
                return binascii.a2b_base64(event.value.encode("ascii", "strict"))
            return _construct(name, event.value)
        except (ValueError, LookupError, AttributeError):
            raise _invalid(self._place(event), f"{event.value[:40]!r} is not a {name}") from None

    def _tag(self, event: Any, refused: frozenset[str]) -> str:
        name = event.tag.removeprefix(_PREFIX)
        if not event.tag.startswith(_PREFIX) or name not in _SAFE or name in refused:
            raise _invalid(
                self._place(event), f"the tag {event.tag[:80]} is not allowed; project files hold plain data"
            )
        return str(name)

    def _alias(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise _invalid(self._place(event), f"the alias *{event.anchor} has no anchor before it")
        if target in self.stack:
            raise _invalid(self._place(event), f"the alias *{event.anchor} stands inside its own anchor")
        self.aliased += target.size
        if self.aliased > MOST_ALIASED:
            raise _invalid(self._place(event), f"its aliases stand for more than {MOST_ALIASED:,} values")
        node = self._node(target.kind, event)
        node.data, node.size, node.alias, node.flow = target.data, target.size, True, True
        return node

    def _open(self, event: Any) -> None:
        if len(self.stack) >= DEEPEST:
            raise _invalid(self._place(event), f"it is nested more than {DEEPEST} levels deep")
        is_map = isinstance(event, yaml.MappingStartEvent)
        node = self._node(Kind.MAP if is_map else Kind.LIST, event)
        node.data = {} if is_map else []
        node.flow = bool(event.flow_style)
        if event.tag not in {None, "!"}:
            self._tag(event, _SAFE - {"map" if is_map else "seq"})
        self._remember(event, node)
        self.stack.append(node)
        self.keys.append(None)

    def _remember(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self.anchors[event.anchor] = node

    def _close(self, event: Any) -> None:
        node = self.stack.pop()
        self.keys.pop()
        if node.flow:
            node.end = event.end_mark.index
        elif node.kind is Kind.MAP:
            key, value = node.pairs[-1]
            node.end = max(key.end, value.end)
        else:
            node.end = max(node.end, node.items[-1].end)
        if node.kind is Kind.MAP:
            self._merge(node)
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        parent.size += node.size
        if parent.kind is Kind.LIST:
            parent.items.append(node)
            parent.data.append(node.data)
            return
        key = self.keys[-1]
        if key is None:
            self.keys[-1] = node
            return
        self.keys[-1] = None
        self._pair(parent, key, node)

    def _pair(self, parent: Node, key: Node, value: Node) -> None:
        parent.pairs.append((key, value))
        if is_merge(key):
            return
        try:
            known = key.data in parent.data
        except TypeError:
            place = _location(self.file, key)
            raise _invalid(place, "a key is a list or a map; quote it when it is meant as text") from None
        if known:
            first = next(pair[0] for pair in parent.pairs if pair[0].data == key.data)
            message = f"the key {str(key.data)[:60]} stands twice, first on line {first.line + 1}; the last one counts"
            self.oddities.append(Oddity("duplicate", message, _location(self.file, key)))
        parent.data[key.data] = value.data

    def _merge(self, node: Node) -> None:
        merged = [value for key, value in node.pairs if is_merge(key)]
        if not merged:
            return
        sources: list[Any] = []
        for value in merged:
            sources += value.data if isinstance(value.data, list) else [value.data]
        result: dict[Any, Any] = {}
        for source in reversed(sources):
            if not isinstance(source, dict):
                raise _invalid(_location(self.file, node), "a merge key (<<) needs a map or a list of maps")
            result.update(source)
        result.update(node.data)
        node.data.clear()
        node.data.update(result)


UNREADABLE = object()
"""Stands for a plain scalar that has the shape of a date or number and no such value."""


@lru_cache(maxsize=8192)
def resolve(text: str) -> Any:
    """The value of a plain scalar under YAML 1.1: null, bool, int, float, date, datetime or text."""
    if not text:
        return None
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    name = tag.removeprefix(_PREFIX)
    if name in {"str", "merge", "value"}:
        return text
    try:
        return _construct(name, text)
    except (ValueError, OverflowError):
        return UNREADABLE


_RESOLVER: Any = yaml.resolver.Resolver()
_CONSTRUCTOR: Any = yaml.constructor.SafeConstructor()


def _construct(name: str, text: str) -> Any:
    return getattr(_CONSTRUCTOR, f"construct_yaml_{name}")(yaml.ScalarNode(_PREFIX + name, text))


def _end_of_block_scalar(text: str, start: int, end: int) -> int:
    """The end without the last line break; without the blank lines too, unless they are part of the value (`|+`)."""
    header = text[start:end].split("\n", 1)[0]
    if "+" in header:
        return end - 2 if text.endswith("\r\n", start, end) else end - 1 if text.endswith("\n", start, end) else end
    return start + len(text[start:end].rstrip("\r\n"))


def is_merge(key: Node) -> bool:
    """Whether a key is `<<`, whose value lends its keys to the map."""
    return key.data == "<<" and not key.style and key.kind is Kind.SCALAR


def _location(file: str, node: Node) -> Location:
    return Location(file, node.line + 1, node.column + 1)


def _invalid(place: Location, cause: str) -> FileInvalidError:
    return FileInvalidError(f"reading {place}: {cause}", hint="Correct the file at this place.", location=place)


def _reader_error(text: str, file: str, error: yaml.reader.ReaderError) -> FileInvalidError:
    position = error.position if isinstance(error.position, int) else 0
    before = text[:position]
    line = before.count("\n") + 1
    place = Location(file, line, position - before.rfind("\n"))
    code = error.character if isinstance(error.character, int) else 0
    return _invalid(place, f"the character U+{code:04X} is not allowed in YAML")

"""The single splices that edits of YAML are made of: each takes a text and gives one; the caller checks the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from penstock.model.errors import EditRefusedError
from penstock.project import yaml_emit as emit
from penstock.project.yaml_text import Kind, Node

Chain = list[tuple[Node | int | None, Node]]
"""The nodes from the root to one, each with the key node or list position that leads to it."""


@dataclass(frozen=True, slots=True)
class Text:
    """The text with its lines."""

    text: str

    @property
    def newline(self) -> str:
        """The line ending that most of the file has."""
        return "\r\n" if 2 * self.text.count("\r\n") > self.text.count("\n") else "\n"

    def line_start(self, index: int) -> int:
        """The beginning of the line of a position."""
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def line_end(self, index: int) -> int:
        """The end of the line of a position, before its line break."""
        ends = [end for mark in "\r\n" if (end := self.text.find(mark, index)) >= 0]
        return min(ends, default=len(self.text))

    def next_line(self, index: int) -> int:
        """The beginning of the line after a position."""
        end = self.line_end(index)
        return end + (2 if self.text.startswith("\r\n", end) else 1 if end < len(self.text) else 0)

    def column(self, index: int) -> int:
        """Characters between the beginning of the line and a position."""
        return index - self.line_start(index)

    def first_on_line(self, index: int) -> bool:
        """Whether only blanks stand before a position on its line."""
        return not self.text[self.line_start(index) : index].strip(" ")

    def rest(self, index: int) -> str:
        """What follows a position on its line, without blanks."""
        return self.text[index : self.line_end(index)].strip()

    def put(self, start: int, end: int, new: str) -> str:
        """The text with a part replaced."""
        return self.text[:start] + new + self.text[end:]


def replace_value(text: Text, chain: Chain, value: Any) -> str:
    """Put a value where another one stands."""
    if len(chain) <= 1:
        return _replace_root(text, chain[0][1] if chain else None, value)
    leads, node = chain[-1]
    if _in_flow(chain[:-1]):
        return text.put(node.start, node.end, _gap(text, node) + emit.flow_value(value, node.style))
    inline = text.rest(node.end).startswith("#")
    if isinstance(leads, int):
        dash = _dash(text, chain[-2][1], leads)
        column = text.column(dash)
        new = emit.block_item(value, column=column, newline=text.newline, style=node.style, inline=inline)
        return text.put(dash, max(node.end, dash + 1), new)
    assert isinstance(leads, Node)
    column = text.column(leads.start)
    new = emit.block_value(value, column=column, newline=text.newline, style=node.style, inline=inline)
    return _replace_behind(text, _colon(text, leads, node), node, new)


def _replace_behind(text: Text, colon: int, node: Node, new: str) -> str:
    """Put a new value behind a colon, where `node` stands now. A comment on the line of the key stays there."""
    goes_below = new.startswith(text.newline)
    if node.kind is not Kind.SCALAR and not node.flow:
        header = text.line_end(colon)
        if goes_below:
            return text.put(header, node.end, new)
        return text.put(colon, node.end, new + text.text[colon:header].rstrip())
    if goes_below:
        line = text.line_end(node.end)
        return text.put(colon, line, text.text[node.end : line].rstrip() + new)
    return text.put(max(colon, node.start), max(colon, node.end), new if node.start <= colon else new[1:])


def insert_pair(text: Text, chain: Chain, position: int, key: str, value: Any) -> str:
    """Put a new key into a map that has others, before the pair at `position`, or at the end."""
    node = chain[-1][1]
    pairs = node.pairs
    if _in_flow(chain):
        new = emit.flow_pair(key, value)
        if position < len(pairs):
            return text.put(pairs[position][0].start, pairs[position][0].start, f"{new}, ")
        end = _pair_end(text, pairs[-1])
        return text.put(end, end, f", {new}")
    column = text.column(_key_start(text, pairs[0][0]))
    new = emit.block_pair(key, value, column=column, newline=text.newline)
    if position == 0:
        start = _key_start(text, pairs[0][0])
        return text.put(start, start, new + text.newline + " " * column)
    end = text.line_end(_pair_end(text, pairs[position - 1]))
    return text.put(end, end, text.newline + " " * column + new)


def delete_pair(text: Text, chain: Chain, key: object) -> str:
    """Take a key out of a map; the last pair leaves `{}`."""
    node = chain[-1][1]
    index = max(place for place, pair in enumerate(node.pairs) if pair[0].data == key)
    pair = node.pairs[index]
    if len(node.pairs) == 1:
        return replace_value(text, chain, {})
    start, end = _key_start(text, pair[0]), _pair_end(text, pair)
    if _in_flow(chain):
        if index + 1 < len(node.pairs):
            return text.put(start, node.pairs[index + 1][0].start, "")
        return text.put(_pair_end(text, node.pairs[index - 1]), end, "")
    if text.first_on_line(start):
        return text.put(text.line_start(start), text.next_line(end), "")
    following = _key_start(text, node.pairs[index + 1][0])
    if "#" in text.text[end:following]:
        return text.put(start, end, "")
    return text.put(start, following, "")


def insert_item(text: Text, chain: Chain, index: int, value: Any) -> str:
    """Put an item into a list that has others, before that position, or at the end."""
    node = chain[-1][1]
    if _in_flow(chain):
        new = emit.flow_value(value)
        if index < len(node.items):
            return text.put(node.items[index].start, node.items[index].start, f"{new}, ")
        end = node.items[-1].end
        return text.put(end, end, f", {new}")
    column = text.column(_dash(text, node, 0))
    new = emit.block_item(value, column=column, newline=text.newline)
    if index == 0:
        dash = _dash(text, node, 0)
        return text.put(dash, dash, new + text.newline + " " * column)
    end = text.line_end(_item_end(text, node, index - 1))
    return text.put(end, end, text.newline + " " * column + new)


def delete_item(text: Text, chain: Chain, index: int) -> str:
    """Take an item out of a list; the last one leaves `[]`."""
    node = chain[-1][1]
    if len(node.items) == 1:
        return replace_value(text, chain, [])
    if _in_flow(chain):
        if index + 1 < len(node.items):
            return text.put(node.items[index].start, node.items[index + 1].start, "")
        return text.put(node.items[index - 1].end, node.items[index].end, "")
    dash, end = _dash(text, node, index), _item_end(text, node, index)
    if text.first_on_line(dash):
        return text.put(text.line_start(dash), text.next_line(end), "")
    return text.put(dash, _dash(text, node, index + 1), "")


def _replace_root(text: Text, node: Node | None, value: Any) -> str:
    if node is None or (node.start == node.end and node.kind is Kind.SCALAR):
        lead = "" if not text.text or text.text.endswith(("\n", "\r")) else text.newline
        flow = not isinstance(value, dict | list) or not value
        new = emit.flow_value(value) if flow else _block_document(value, text.newline)
        return text.text + lead + new + text.newline
    if not isinstance(value, dict | list) or not value:
        return text.put(node.start, node.end, emit.flow_value(value, node.style))
    return text.put(node.start, node.end, _block_document(value, text.newline))


def _block_document(value: Any, newline: str) -> str:
    if isinstance(value, list):
        return newline.join(emit.block_item(item, column=0, newline=newline) for item in value)
    return newline.join(emit.block_pair(key, item, column=0, newline=newline) for key, item in value.items())


def _in_flow(chain: Chain) -> bool:
    return any(node.flow for _, node in chain)


def _gap(text: Text, node: Node) -> str:
    """A space before a value that is put where none stood, as in `{key:}`."""
    return " " if node.start == node.end and text.text[node.start - 1 : node.start] == ":" else ""


def _key_start(text: Text, key: Node) -> int:
    """Where a pair begins; `? key` in its long form cannot be spliced."""
    if text.text[: key.start].rstrip(" ").endswith("?"):
        raise EditRefusedError(
            "changing a key that is written as `? key`: that form is not edited", hint="Change the file by hand."
        )
    return key.start


def _colon(text: Text, key: Node, value: Node) -> int:
    """The position behind the colon of a pair."""
    colon = text.text.find(":", key.end, max(value.start, key.end) + 1)
    if colon < 0:
        raise EditRefusedError("changing a pair without a colon: that form is not edited", hint="Change it by hand.")
    return colon + 1


def _pair_end(text: Text, pair: tuple[Node, Node]) -> int:
    key, value = pair
    if value.end > value.start:
        return value.end
    # `{a, b: 1}` has a key without a colon.
    rest = text.text[key.end :].lstrip(" ")
    return max(value.end, _colon(text, key, value)) if rest.startswith(":") else key.end


def _item_end(text: Text, node: Node, index: int) -> int:
    return max(node.items[index].end, _dash(text, node, index) + 1)


def _dash(text: Text, node: Node, index: int) -> int:
    """The position of the dash of an item of a block list."""
    source = text.text
    first = node.start
    if not source.startswith("-", first):
        # The list has an anchor or a tag, and begins with that.
        first = len(source[: node.items[0].start].rstrip()) - 1
        if first < node.start or source[first] != "-":
            raise EditRefusedError("changing a list: its first dash was not found", hint="Change the file by hand.")
    if index == 0:
        return first
    column = text.column(first)
    start = node.items[index].start
    floor = max(node.items[index - 1].end, first + 1)
    line = text.line_start(start)
    while line >= text.line_start(floor):
        dash = line + column
        if dash >= floor and source.startswith("-", dash) and text.first_on_line(dash):
            return dash
        if line == 0:
            break
        line = text.line_start(line - 1)
    raise EditRefusedError("changing a list: the dash of an item was not found", hint="Change the file by hand.")

"""Changes YAML by splicing its text: whatever is not changed stays as it is, byte for byte.

Comments, order, quoting, unknown keys and line endings live in the text, so nothing can lose them. After a change the
text is parsed again; when its data is not exactly what was meant, the change is refused and the text stays.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from penstock.model.errors import EditRefusedError, FileInvalidError
from penstock.project import yaml_emit as emit
from penstock.project.yaml_splice import Text, delete_item, delete_pair, insert_item, insert_pair, replace_value
from penstock.project.yaml_text import Kind, Node, Path, YamlDocument, is_merge, parse_yaml

SORTED_FROM = 3
"""A map of at least so many keys, all in order, is taken as sorted: new keys go where they belong."""


def set_value(text: str, path: Path, value: Any, file: str = "") -> str:
    """The text with one value set; maps on the way are made. Only what differs from the old value is touched.

    Args:
        text: a YAML document.
        path: keys and list positions, from the top.
        value: plain data.
        file: its name, for messages.

    Raises:
        EditRefusedError: it cannot be done without damage, or the path leads through something that is no map or list.
        FileInvalidError: the text is no YAML.
    """
    data = copy_data(parse_yaml(text, file).data)
    if not path:
        return update(text, value, file)
    data = {} if data is None else data
    parent: Any = data
    for step in path[:-1]:
        parent = _step(parent, step, path)
    last = path[-1]
    if not isinstance(parent, dict) and not (
        isinstance(parent, list) and isinstance(last, int) and 0 <= last < len(parent)
    ):
        raise _refused(path, "there is no such place")
    parent[last] = value  # type: ignore[index]
    return update(text, data, file)


def delete_value(text: str, path: Path, file: str = "") -> str:
    """The text without a key or list item. Raises as `set_value`; also when there is no such place."""
    data = copy_data(parse_yaml(text, file).data)
    parent = data
    try:
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
    except (LookupError, TypeError):
        raise _refused(path, "there is no such place") from None
    return update(text, data, file)


def insert_value(text: str, path: Path, index: int | None, value: Any, file: str = "") -> str:
    """The text with an item inserted into the list at `path`, before position `index`; None appends.

    Raises as `set_value`. A list that is missing or empty (`key:`) is made.
    """
    node = parse_yaml(text, file).node(path)
    items = copy_data(node.data) if node and node.data is not None else []
    if not isinstance(items, list):
        raise _refused(path, "there is no list")
    items.insert(len(items) if index is None else index, value)
    return set_value(text, path, items, file)


def update(text: str, data: Any, file: str = "") -> str:
    """The text changed so that it holds `data`, with the fewest splices.

    Raises:
        EditRefusedError: it cannot be done without damage: aliases, tags, forms that cannot be spliced.
        FileInvalidError: the text is no YAML.
    """
    emit.check_plain(data)
    document = parse_yaml(text, file)
    if same(document.data, data):
        return text
    editor = _Editor(document, file)
    try:
        editor.change((), data)
        result = parse_yaml(editor.document.text, file)
    except FileInvalidError as error:
        raise _refused((), error.message) from error
    if not same(result.data, data):
        if text and not text.endswith(("\n", "\r")):
            # A text of several lines at the very end needs the line break that the file lacks.
            return update(text + Text(text).newline, data, file)
        raise _refused((), "the change would have altered something else (an alias or a merged key, perhaps)")
    return editor.document.text


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same data, of the same types; the order of keys does not count."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, str) and isinstance(right, str):
        return str(left) == str(right)
    return type(left) is type(right) and (left == right or (left != left and right != right))  # noqa: PLR0124 - NaN


@dataclass(slots=True)
class _Editor:
    """The document as it becomes; each splice is followed by a new parse, so that positions are always right."""

    document: YamlDocument
    file: str

    def change(self, path: tuple[Any, ...], value: Any) -> None:
        """Make the value at a path what is wanted."""
        node = self._node(path)
        old = node.data if node else None
        if node is not None and same(old, value):
            return
        within = node is not None and not node.alias and bool(old) and bool(value)
        if within and isinstance(old, dict) and isinstance(value, dict):
            self._change_map(path, value)
        elif within and isinstance(old, list) and isinstance(value, list):
            self._change_list(path, old, value)
        else:
            self._splice(replace_value(self._text(), self._chain(path), value))

    def _change_map(self, path: tuple[Any, ...], wanted: dict[Any, Any]) -> None:
        node = self._node(path)
        assert node is not None
        # New keys first: a map that loses all its old ones must not become {} in between.
        for key, value in wanted.items():
            current = self._node(path)
            assert current is not None
            if current.get(key) is not None:
                self.change((*path, key), value)
            elif key not in current.data or not same(current.data[key], value):
                self._splice(insert_pair(self._text(), self._chain(path), _position(current, key), key, value))
        gone = [key.data for key, _ in node.pairs if key.data not in wanted and not is_merge(key)]
        for key in gone:  # a duplicate key comes as often as it stands there
            self._splice(delete_pair(self._text(), self._chain(path), key))

    def _change_list(self, path: tuple[Any, ...], old: list[Any], wanted: list[Any]) -> None:
        before = [_identity(item) for item in old]
        after = [_identity(item) for item in wanted]
        if len(before) == len(after) and not any(name.startswith(NAMED) for name in [*before, *after]):
            steps: list[Any] = [("replace", 0, len(before), 0, len(after))]
        else:
            steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        for kind, first, last, start, end in reversed(steps):
            common = min(last - first, end - start) if kind in {"equal", "replace"} else 0
            for index in range(last - 1, first + common - 1, -1):
                self._splice(delete_item(self._text(), self._chain(path), index))
            for offset in range(end - start - 1, common - 1, -1):
                self._splice(insert_item(self._text(), self._chain(path), first + common, wanted[start + offset]))
            for offset in range(common):
                self.change((*path, first + offset), wanted[start + offset])

    def _node(self, path: tuple[Any, ...]) -> Node | None:
        chain = self._chain(path, strict=False)
        return chain[-1][1] if chain else None

    def _chain(self, path: tuple[Any, ...], *, strict: bool = True) -> list[tuple[Node | int | None, Node]]:
        """The nodes from the root to the path, each with the key node or list position that leads to it."""
        node = self.document.root
        if node is None:
            return []
        chain: list[tuple[Node | int | None, Node]] = [(None, node)]
        for step in path:
            if node.kind is Kind.LIST:
                node = node.items[step]
                chain.append((step, node))
                continue
            pair = node.get(step) if node.kind is Kind.MAP else None
            if pair is None:
                if strict:
                    raise _refused(path, "there is no such place")
                return []
            node = pair[1]
            chain.append(pair)
        return chain

    def _text(self) -> Text:
        return Text(self.document.text)

    def _splice(self, text: str) -> None:
        self.document = parse_yaml(text, self.file)


def _position(node: Node, key: Any) -> int:
    """Where among the pairs a new key goes: at its place in a sorted map, at the end of any other."""
    keys = [pair[0].data for pair in node.pairs]
    if len(keys) >= SORTED_FROM and all(isinstance(name, str) for name in [*keys, key]) and keys == sorted(keys):
        return bisect(keys, key)
    return len(keys)


NAMED = ("uuid=", "name=")


def _identity(item: Any) -> str:
    """What tells that two list items are the same thing, changed or not."""
    if isinstance(item, Mapping):
        for key in ("uuid", "name"):
            if isinstance(item.get(key), str):
                return f"{key}={item[key]}"
    return f"{type(item).__name__} {item!r}"


def _step(parent: Any, step: str | int, path: Path) -> Any:
    if isinstance(parent, dict):
        child = parent.get(step)
        if child is None:
            child = parent[step] = {}
        return child
    if isinstance(parent, list) and isinstance(step, int) and 0 <= step < len(parent):
        return parent[step]
    raise _refused(path, "there is no such place")


def copy_data(data: Any) -> Any:
    """A deep copy of plain data, in which nothing is shared as it is where the file has aliases."""
    if isinstance(data, dict):
        return {key: copy_data(item) for key, item in data.items()}
    return [copy_data(item) for item in data] if isinstance(data, list) else data


def _refused(path: Path, cause: str) -> EditRefusedError:
    where = ".".join(str(step) for step in path) or "the file"
    return EditRefusedError(f"changing {where}: {cause}", hint="Change the file by hand; nothing was written.")

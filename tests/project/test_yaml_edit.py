from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.model.errors import EditRefusedError, FileInvalidError
from penstock.project.yaml_edit import delete_value, insert_value, same, set_value, update
from penstock.project.yaml_text import parse_yaml

PIPELINE = """\
# who owns this: the data team
name: orders   # shown in the list
type: python
blocks:
- uuid: load
  configuration: {}   # nothing yet
  upstream_blocks: []
  downstream_blocks:
  - clean
# the second block
- uuid: clean
  timeout: '60'
  upstream_blocks:
  - load
  notes: |
    two
    lines
unknown_key: {a: 1, b: [x, y]}
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("name",), "bills", "name: orders   # shown", "name: bills   # shown"),
        (("blocks", 1, "timeout"), "90", "timeout: '60'", "timeout: '90'"),
        (("blocks", 1, "timeout"), 90, "timeout: '60'", "timeout: 90"),
        (
            ("blocks", 0, "configuration"),
            {"k": 1},
            "configuration: {}   # nothing yet",
            "configuration:   # nothing yet\n    k: 1",
        ),
        (("blocks", 0, "upstream_blocks"), ["a", "b"], "upstream_blocks: []", "upstream_blocks:\n  - a\n  - b"),
        (("blocks", 0, "downstream_blocks"), [], "downstream_blocks:\n  - clean", "downstream_blocks: []"),
        (("blocks", 0, "downstream_blocks"), ["clean", "x"], "  - clean\n# the", "  - clean\n  - x\n# the"),
        (("blocks", 1, "notes"), "one", "notes: |\n    two\n    lines", "notes: one"),
        (("blocks", 1, "notes"), "a\nb\n", "    two\n    lines", "    a\n    b"),
        (("unknown_key", "b"), ["x", "z", "y"], "b: [x, y]", "b: [x, z, y]"),
        (("unknown_key", "c"), None, "b: [x, y]}", "b: [x, y], c: null}"),
        (("variables",), {"n": 1}, "b: [x, y]}\n", "b: [x, y]}\nvariables:\n  n: 1\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_value_changes(path: Any, value: Any, old: str, new: str, newline: str) -> None:
    assert PIPELINE.count(old) == 1
    expected = PIPELINE.replace(old, new).replace("\n", newline)
    assert set_value(PIPELINE.replace("\n", newline), path, value) == expected


def test_an_edit_that_changes_nothing_gives_the_same_text() -> None:
    assert update(PIPELINE, parse_yaml(PIPELINE).data) is PIPELINE


def test_a_new_key_goes_to_its_place_in_a_sorted_map() -> None:
    assert set_value("a: 1\nc: 2\nd: 3\n", ["b"], 5) == "a: 1\nb: 5\nc: 2\nd: 3\n"
    assert set_value("b: 1\nc: 2\nd: 3\n", ["a"], 5) == "a: 5\nb: 1\nc: 2\nd: 3\n"
    assert set_value("z: 1\nc: 2\nd: 3\n", ["a"], 5) == "z: 1\nc: 2\nd: 3\na: 5\n"


def test_items_are_inserted_and_removed_with_comments_kept() -> None:
    text = insert_value(PIPELINE, ["blocks"], 1, {"uuid": "mid", "upstream_blocks": ["load"]})
    assert "  - clean\n- uuid: mid\n  upstream_blocks:\n  - load\n# the second block\n- uuid: clean" in text
    assert delete_value(text, ["blocks", 1]) == PIPELINE
    assert delete_value("- a: 1\n  b: 2\n", [0, "a"]) == "- b: 2\n"
    assert delete_value("- a: 1 # x\n  b: 2\n", [0, "a"]) == "-  # x\n  b: 2\n"
    assert delete_value("x:\n- 1\ny: 2\n", ["x", 0]) == "x: []\ny: 2\n"
    assert delete_value("x: 1", ["x"]) == "{}"


def test_values_that_are_left_out_are_filled_in() -> None:
    assert set_value("a:\nb: 1\n", ["a"], "x") == "a: x\nb: 1\n"
    assert set_value("a:   # why\nb: 1\n", ["a"], "x") == "a: x   # why\nb: 1\n"
    assert set_value("a:   # why\nb: 1\n", ["a"], [1]) == "a:   # why\n- 1\nb: 1\n"
    assert set_value("-\n- 1\n", [0], "x") == "- x\n- 1\n"
    assert set_value("", ["a"], 1) == "a: 1\n"
    assert set_value("# only a comment", ["a", "b"], 1) == "# only a comment\na:\n  b: 1\n"


def test_the_last_of_duplicate_keys_is_changed_and_all_are_removed() -> None:
    text = "a: 1\nb: 2\na: 3\n"
    assert set_value(text, ["a"], 4) == "a: 1\nb: 2\na: 4\n"
    assert delete_value(text, ["a"]) == "b: 2\n"


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a: &x {k: 1}\nb: *x\n", ["a", "k"], 2),
        ("a: &x\n  k: 1\nb: *x\n", ["b", "k"], 2),
        ("base: &x {k: 1}\nb:\n  <<: *x\n  c: 1\n", ["base", "k"], 2),
    ],
)
def test_what_would_change_another_value_is_refused_or_done_without(text: str, path: list[str], value: int) -> None:
    wanted = parse_yaml(text).data
    try:
        result = set_value(text, path, value)
    except EditRefusedError:
        return
    changed = parse_yaml(result).data
    assert changed[path[0]]["k"] == value
    assert all(changed[key] == wanted[key] for key in wanted if key != path[0])


def test_a_merged_key_can_be_overridden() -> None:
    text = "base: &x {k: 1}\nb:\n  <<: *x\n  c: 1\n"
    assert set_value(text, ["b", "k"], 2) == "base: &x {k: 1}\nb:\n  <<: *x\n  c: 1\n  k: 2\n"
    with pytest.raises(EditRefusedError):
        delete_value(text, ["b", "k"])


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, b"x", {("a",): 1}])
def test_values_that_yaml_cannot_hold_are_refused(value: Any) -> None:
    with pytest.raises(EditRefusedError):
        set_value("a: 1\n", ["a"], value)


def test_a_path_through_a_text_is_refused() -> None:
    with pytest.raises(EditRefusedError):
        set_value("a: text\n", ["a", "b"], 1)
    with pytest.raises(EditRefusedError):
        delete_value("a: text\n", ["b"])


def test_same_tells_types_apart() -> None:
    assert same({"a": [1, math.nan]}, {"a": [1, math.nan]})
    assert not same(1, True)
    assert not same(1, 1.0)
    assert not same("1", 1)


# A random document is built together with its data, so that the text has every form that people write.

_plain = st.sampled_from(
    [
        "x",
        "a b",
        "load_data",
        "é😀",
        "null",
        "yes",
        "1",
        "",
        "2020-01-01",
        "- x",
        "a: b",
        "#c",
        "{{ v }}",
        "'",
        '"',
        "\\",
        " x ",
    ]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2**70),
    st.floats(allow_nan=False),
    _plain,
    st.just(date(2020, 1, 2)),
    st.just("two\nlines\n"),
    st.just("\n x\n\n"),
    st.text(max_size=8),
)
keys = st.sampled_from(["a", "b", "key", "uuid", "x y", "é", "yes", "1", "zz"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=14,
)


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(value: Any, style: str | None) -> str:
    return yaml.dump(
        [value], Dumper=NoAliases, default_flow_style=True, allow_unicode=True, width=2**30, default_style=style
    ).strip()[1:-1]


class Writer:
    """Writes data in one of many ways, with comments everywhere."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.count = 0

    def comment(self, indent: int) -> str:
        if self.draw(st.integers(0, 3)):
            return ""
        self.count += 1
        return " " * indent + f"# comment {self.count}\n"

    def tail(self) -> str:
        if self.draw(st.integers(0, 3)):
            return "\n"
        self.count += 1
        return f"  # comment {self.count}\n"

    def inline(self, value: Any) -> str:
        style = (
            self.draw(st.sampled_from([None, None, '"', "'"]))
            if isinstance(value, str) and value.isprintable()
            else None
        )
        text = _dump(value, style)
        return text if "\n" not in text else _dump(value, '"')

    def block(self, value: Any, indent: int) -> str:
        if isinstance(value, dict):
            return "".join(
                self.comment(indent) + " " * indent + self.inline(key) + ":" + self.after(item, indent, in_map=True)
                for key, item in value.items()
            )
        return "".join(
            self.comment(indent) + " " * indent + "-" + self.after(item, indent, in_map=False) for item in value
        )

    def after(self, value: Any, indent: int, *, in_map: bool) -> str:  # noqa: PLR0911
        if value is None and self.draw(st.booleans()):
            return self.tail()
        if isinstance(value, str) and value.endswith("lines\n") and self.draw(st.booleans()):
            pad = " " * (indent + 2)
            return " |\n" + "".join(f"{pad}{line}\n" for line in value.split("\n")[:-1])
        if not isinstance(value, dict | list) or not value or self.draw(st.integers(0, 3)) == 0:
            return " " + self.inline(value) + self.tail()
        deeper = indent + self.draw(st.integers(1, 4))
        if isinstance(value, list) and in_map and self.draw(st.booleans()):
            return self.tail() + self.block(value, indent)
        if not in_map and self.draw(st.booleans()):
            text = self.block(value, indent + 2)
            if not text.lstrip(" ").startswith("#"):
                return " " + text[indent + 2 :]
            return "\n" + text
        return self.tail() + self.block(value, deeper)


@st.composite
def documents(draw: Any) -> tuple[str, Any, int]:
    data = draw(
        st.one_of(st.dictionaries(keys, values, min_size=1, max_size=5), st.lists(values, min_size=1, max_size=4))
    )
    writer = Writer(draw)
    text = writer.block(data, 0) + writer.comment(0)
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    return text, data, writer.count


@settings(max_examples=400, deadline=None)
@given(documents(), st.data())
def test_any_edit_gives_exactly_the_wanted_data(document: tuple[str, Any, int], data: st.DataObject) -> None:
    text, _, _ = document
    try:
        before = parse_yaml(text).data
    except FileInvalidError:
        return
    wanted = data.draw(st.one_of(values.filter(lambda value: isinstance(value, dict)), st.just(before)))
    if isinstance(before, dict) and data.draw(st.booleans()):
        wanted = {**before, **wanted}
    try:
        result = update(text, wanted)
    except EditRefusedError:
        return
    assert same(parse_yaml(result).data, wanted)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    found = [path] if path and not (isinstance(value, dict | list) and value) else []
    for key, item in items:
        found += _leaves(item, (*path, key))
    return found


@settings(max_examples=400, deadline=None)
@given(documents(), st.data())
def test_setting_one_value_keeps_every_comment_and_every_other_line(
    document: tuple[str, Any, int], data: st.DataObject
) -> None:
    text, before, comments = document
    if not same(parse_yaml(text).data, before):
        return  # what the writer of this test could not express
    path = data.draw(st.sampled_from(_leaves(before)))
    result = set_value(text, path, data.draw(st.sampled_from([7, "new", None, "a: b"])))
    assert all(f"# comment {number}" in result for number in range(1, comments + 1))
    old, new = text.splitlines(keepends=True), result.splitlines(keepends=True)
    kept = set(old) & set(new)
    assert len([line for line in new if line not in kept]) <= 1


@settings(max_examples=400, deadline=None)
@given(documents(), st.data())
def test_adding_a_key_adds_its_lines_only(document: tuple[str, Any, int], data: st.DataObject) -> None:
    text, before, comments = document
    if not isinstance(before, dict) or not same(parse_yaml(text).data, before):
        return
    result = set_value(text, ["added"], data.draw(values))
    assert all(f"# comment {number}" in result for number in range(1, comments + 1))
    assert set(text.splitlines()) <= set(result.splitlines())
    assert same(parse_yaml(delete_value(result, ["added"])).data, before)


@settings(max_examples=300, deadline=None)
@given(documents(), st.data())
def test_removing_a_value_keeps_the_others(document: tuple[str, Any, int], data: st.DataObject) -> None:
    text, before, _ = document
    if not same(parse_yaml(text).data, before):
        return
    path = data.draw(st.sampled_from(_leaves(before)))
    try:
        result = delete_value(text, path)
    except EditRefusedError:
        return
    assert len(result.splitlines()) <= len(text.splitlines())
    assert len(_leaves(parse_yaml(result).data)) <= len(_leaves(before))

"""What is no table, by MIME type: trees of JSON, text, pictures, charts, markup, bytes. Nothing is ever unpickled."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from penstock.data import Manifest, OutputEntry
from penstock.data.manifest import Stored
from penstock.data.reading import Reader
from penstock.data.store import entry_of
from penstock.model.errors import ProductCorruptError, ValueRefusedError
from penstock.server.outputs.reader.arrays import stored_array
from penstock.server.outputs.reader.questions import FrameQuestion, Target, ValueQuestion
from penstock.server.outputs.reader.shelf import Shelf
from penstock.server.outputs.reader.special import untagged
from penstock.server.outputs.reader.tree import Tree, follow
from penstock.server.outputs.reader.work import Work

TREE = "application/vnd.penstock.tree+json"
PLOTLY = "application/vnd.plotly.v1+json"
VEGALITE = "application/vnd.vegalite.v5+json"
VEGA = "application/vnd.vega.v5+json"
TEXT_SHOWN = 1_000_000
"""Characters of text in one answer."""
PICTURE = 24 << 20
"""Bytes of a picture or chart in one answer."""
SMALL_JSON = 100_000
_MARKUP = re.compile(
    r"\s*<(!doctype html|html|svg|head|body|div|table|p|h[1-6]|style|section|article|iframe|pre)\b", re.IGNORECASE
)
_PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"RIFF": "image/webp"}
PICKLED = "Stored with pickle; opened only inside blocks."

Bundle = dict[str, Any]


@dataclass(slots=True)
class Item:
    """An output and the way to its bytes."""

    manifest: Manifest
    entry: OutputEntry
    reader: Reader

    @property
    def stored(self) -> Stored:
        """How it is stored."""
        return self.entry.stored

    @property
    def preview(self) -> dict[str, Any]:
        """What was told about it when it was stored."""
        found = self.entry.summary.preview
        return found if isinstance(found, dict) else {}

    def blob(self) -> bytes | memoryview:
        """The bytes of its file."""
        return b"" if self.stored.blob is None else memoryview(self.reader.map_file(self.stored.blob)[1])

    def form(self) -> Any:
        """The JSON form of a plain value.

        Raises:
            ProductCorruptError: the file is no JSON.
        """
        if self.stored.blob is None:
            return self.stored.inline
        try:
            return msgspec.json.decode(self.blob())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProductCorruptError(
                f"reading {self.manifest.ref}: its value cannot be understood ({error})", hint="Run the block again."
            ) from error


def open_item(shelf: Shelf, target: Target) -> Item:
    """The output that is meant. Raises as `Shelf.manifest`."""
    manifest = shelf.manifest(target)
    return Item(manifest, entry_of(manifest, target.output or None), shelf.store.reader(manifest))


def answer_value(work: Work, shelf: Shelf, question: ValueQuestion) -> None:
    """Answer with JSON: {mime, truncated, size, kind, version, output}."""
    item = open_item(shelf, question.target)
    family = item.stored.codec.partition(".")[0]
    mime, truncated = _MAKERS.get(family, _other)(item, question)
    work.head({})
    fields = {"kind": item.entry.summary.kind.value, "codec": item.stored.codec, "output": item.entry.summary.name}
    fields["version"] = item.manifest.ref.version
    work.chunk(msgspec.json.encode({"mime": mime, "truncated": truncated, "size": item.entry.summary.bytes, **fields}))


def _plain(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    whole = item.form()
    form = follow(whole, question.path)
    mime: Bundle = {TREE: Tree(item.stored.parts).node(form, offset=question.offset)}
    if not question.path and not question.offset:
        plain = untagged(whole) if item.entry.summary.bytes <= PICTURE else None
        chart = _vega(plain)
        if chart is not None:
            mime[chart] = plain
        elif item.entry.summary.bytes <= SMALL_JSON and not item.stored.parts:
            mime["application/json"] = plain
    return mime, False


def _vega(form: Any) -> str | None:
    """The MIME type of a chart's specification."""
    schema = form.get("$schema") if isinstance(form, dict) else None
    if not isinstance(schema, str) or "vega" not in schema:
        return None
    return VEGALITE if "vega-lite" in schema else VEGA


def _text(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    text = text_of(item)
    mime: Bundle = {"text/plain": text[:TEXT_SHOWN]}
    if _MARKUP.match(text):
        mime["text/html"] = {"frame": True}
    return mime, len(text) > TEXT_SHOWN


def text_of(item: Item) -> str:
    """The text of an output of that codec, lone surrogates written out."""
    from penstock.data.plain import decode_plain

    return str(decode_plain(item.form())).encode("utf-8", "backslashreplace").decode()


def _bytes(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    content = item.blob()
    first = bytes(content[:4096])
    for magic, kind in _PICTURES.items():
        if first.startswith(magic) and len(content) <= PICTURE:
            return {kind: base64.b64encode(content).decode()}, False
    if _MARKUP.match(first.decode("utf-8", "replace")):
        return {"text/html": {"frame": True}, "text/plain": first.decode("utf-8", "replace")}, len(content) > len(first)
    lines = [
        f"{at:08x}  {first[at : at + 16].hex(' '):<47}  {_printable(first[at : at + 16])}"
        for at in range(0, len(first), 16)
    ]
    return {"text/plain": "\n".join(lines)}, len(content) > len(first)


def _printable(content: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in content)  # noqa: PLR2004 - ASCII that can be seen


def _picture(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    meta = item.stored.meta or {}
    if not meta.get("raw") and len(content := item.blob()) <= PICTURE:
        return {"image/png": base64.b64encode(content).decode()}, False
    size = " x ".join(str(side) for side in meta.get("size", []))
    mime: Bundle = {"text/plain": f"picture {size} {meta.get('mode', '')}".strip()}
    if item.preview.get("mime") == "image/png":
        mime["image/png"] = item.preview["base64"]
    return mime, True


def _plotly(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    content = item.blob()
    if len(content) > PICTURE:
        return {"text/plain": f"plotly figure of {len(content):,} bytes: too large to show; download it."}, True
    return {PLOTLY: msgspec.Raw(bytes(content))}, False


def _altair(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    content = bytes(item.blob())
    kind = _vega(msgspec.json.decode(content)) or VEGALITE
    return {kind: msgspec.Raw(content)}, False


def _array(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    """The corners of a numpy array, as numpy prints them."""
    del question
    import numpy as np

    meta = item.stored.meta
    name = f"array of {' x '.join(map(str, meta['shape']))} {item.preview.get('dtype', '')}"
    array = numpy_array(item)
    with np.printoptions(threshold=2000, edgeitems=20, linewidth=160):
        return {"text/plain": f"{name}\n{array}"}, array.size > 2000  # noqa: PLR2004 - as above


def numpy_array(item: Item) -> Any:
    """A stored numpy array over the mapped file, read-only."""
    return stored_array(item.reader, item.stored)


def _pickled(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    del question
    lines = [PICKLED, str((item.stored.meta or {}).get("class", "")), str(item.preview.get("text", ""))]
    mime: Bundle = {"text/plain": "\n".join(line for line in lines if line)}
    if item.preview.get("html"):
        mime["text/html"] = {"frame": True}
    return mime, True


def _page(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    """The page of an object that could not be stored, and why."""
    del question
    meta = item.stored.meta
    told = f"{meta['class']}: shown as it showed itself; no block can read it ({meta['reason']})"
    return {"text/html": {"frame": True}, "text/plain": told}, False


def _other(item: Item, question: ValueQuestion) -> tuple[Bundle, bool]:
    """What has nothing but its preview; a list that came in parts is a tree of them."""
    del question
    if item.stored.codec == "parts":
        forms = [{"$part": at} for at in range(len(item.stored.parts))]
        return {TREE: Tree(item.stored.parts).node(forms)}, False
    summary = item.entry.summary
    told = f"{summary.kind.value} ({summary.codec}), {summary.bytes:,} bytes"
    return {"text/plain": told, "application/json": summary.preview}, True


_MAKERS: dict[str, Callable[[Item, ValueQuestion], tuple[Bundle, bool]]] = {
    "plain": _plain,
    "text": _text,
    "bytes": _bytes,
    "image": _picture,
    "matplotlib": _picture,
    "plotly": _plotly,
    "altair": _altair,
    "numpy": _array,
    "model": _pickled,
    "pickle": _pickled,
    "page": _page,
}


def _rendered(item: Item) -> bytes:
    """The markup of a chart that was drawn by code."""
    form = item.form()
    mime = form.get("mime") if isinstance(form, dict) else None
    text = mime.get("text/html") if isinstance(mime, dict) else None
    return text.encode("utf-8", "backslashreplace") if isinstance(text, str) else b""


def answer_frame(work: Work, shelf: Shelf, question: FrameQuestion) -> None:
    """Answer with the markup of an output: the head {media_type}, and the bytes.

    Raises:
        ValueRefusedError: it has none.
    """
    item = open_item(shelf, question.target)
    codec = item.stored.codec
    content = b""
    if codec == "text":
        content = text_of(item).encode()
    elif codec == "bytes":
        content = bytes(item.blob())
    elif codec == "plain":
        content = _rendered(item)
    elif codec in {"model", "pickle"}:
        content = str(item.preview.get("html", "")).encode()
    elif codec == "page":
        content = b"<body>" + bytes(item.blob())  # of whatever it begins with
    if not _MARKUP.match(content[:4096].decode("utf-8", "replace")):
        raise ValueRefusedError(
            f"showing {item.manifest.ref} as a page: it holds no markup", hint="Open it as a value."
        )
    svg = content.lstrip()[:4].lower() == b"<svg"
    work.head({"media_type": "image/svg+xml" if svg else "text/html; charset=utf-8"})
    work.chunk(content)

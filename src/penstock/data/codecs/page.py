"""What an object shows of itself as HTML, where the object cannot be stored: to be looked at, and never handed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind


@dataclass(frozen=True, slots=True)
class Page:
    """The HTML of an object of a class, and why the object itself was not stored."""

    kind: str
    html: str
    reason: str


def codec_for(value: Any) -> str | None:
    """`page` for a page."""
    return "page" if type(value) is Page else None


class PageCodec:
    """Pages: their HTML."""

    def encode(self, value: Page, scope: Scope) -> Encoded:
        """The text of the page."""
        del scope
        content = value.html.encode("utf-8", "backslashreplace")
        preview = f"{value.kind}: kept as the page with which it shows itself, and read by no block"
        meta = {"class": value.kind, "reason": value.reason}
        return Encoded("page", Kind.OBJECT, meta, buffers=[content], preview=preview)

    def decode(self, source: Source) -> NoReturn:
        """Nothing: the object is not there."""
        meta = source.stored.meta
        raise ValueRefusedError(
            f"reading an object of type {meta['class']}: only the HTML with which it shows itself was stored "
            f"({meta['reason']})",
            hint="Return its data (a table, array or dict) in the upstream block, or run it with --allow-pickle.",
        )


CODECS: dict[str, Codec] = {"page": PageCodec()}

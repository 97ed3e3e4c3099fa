"""Pictures and figures: PIL images without loss, matplotlib figures as PNG, plotly and altair charts as their JSON."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

_PNG_MODES = frozenset(["1", "L", "LA", "RGB", "RGBA"])
_SHOWN = 45_000
_THUMBNAIL = (160, 160)


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value."""
    root = type(value).__module__.partition(".")[0]
    names = {base.__name__ for base in type(value).__mro__}
    if root == "PIL" and "Image" in names:
        return "image"
    if root == "matplotlib" and "Figure" in names:
        return "matplotlib"
    if root == "altair" and "TopLevelMixin" in names:
        return "altair"
    return "plotly" if root == "plotly" and "BaseFigure" in names else None


def _preview(png: bytes) -> Any:
    if len(png) > _SHOWN:
        from PIL import Image

        small = Image.open(io.BytesIO(png))
        small.thumbnail(_THUMBNAIL)
        out = io.BytesIO()
        small.save(out, "PNG")
        png = out.getvalue()
    return {"mime": "image/png", "base64": base64.b64encode(png).decode()} if len(png) <= _SHOWN else None


def _small(value: Image.Image) -> Any:
    """The preview of a picture that PNG cannot hold; None when its pixels cannot be turned into colours."""
    out = io.BytesIO()
    try:
        shown = value.convert("RGBA" if value.mode in {"P", "PA", "La", "RGBa"} else "RGB")
        shown.thumbnail(_THUMBNAIL)
        shown.save(out, "PNG")
    except (ValueError, OSError):
        return None
    return _preview(out.getvalue())


class ImageCodec:
    """PIL images: PNG where it loses nothing, else the bare pixels."""

    def encode(self, value: Image.Image, scope: Scope) -> Encoded:
        """The pixels; a picture that was opened from a file becomes a plain one."""
        del scope
        meta: dict[str, Any] = {"mode": value.mode, "size": list(value.size)}
        if value.mode in _PNG_MODES and all(value.size):  # PNG has no picture without pixels
            out = io.BytesIO()
            value.copy().save(out, "PNG")
            return Encoded("image", Kind.IMAGE, meta, buffers=[out.getvalue()], preview=_preview(out.getvalue()))
        meta["raw"] = True
        palette = value.getpalette() if value.mode in {"P", "PA"} else None
        if palette is not None and value.palette is not None:
            meta["palette"] = [value.palette.mode, base64.b64encode(bytes(value.palette.getdata()[1])).decode()]
        if "transparency" in value.info and isinstance(value.info["transparency"], int):
            meta["transparency"] = value.info["transparency"]
        preview = _small(value) if all(value.size) else None
        return Encoded("image", Kind.IMAGE, meta, buffers=[value.tobytes()], preview=preview)

    def decode(self, source: Source) -> Image.Image:
        """The picture."""
        from PIL import Image

        meta = source.stored.meta
        content = bytes(source.blob()) if source.stored.blob is not None else b""
        if not meta.get("raw"):
            image = Image.open(io.BytesIO(content))
            image.load()
            plain = image.copy()
            return plain if plain.mode == meta["mode"] else plain.convert(meta["mode"])
        image = Image.frombytes(meta["mode"], tuple(meta["size"]), content)
        if "palette" in meta:
            image.putpalette(base64.b64decode(meta["palette"][1]), meta["palette"][0])
        if "transparency" in meta:
            image.info["transparency"] = meta["transparency"]
        return image


class MatplotlibCodec:
    """matplotlib figures: the drawing, not the figure, comes back."""

    def encode(self, value: Figure, scope: Scope) -> Encoded:
        """The figure drawn as PNG."""
        del scope
        out = io.BytesIO()
        try:
            value.savefig(out, format="png")
        except (ValueError, RuntimeError, TypeError) as error:
            raise ValueRefusedError(
                f"drawing a figure: {error}", hint="Call savefig in the block to see why."
            ) from error
        return Encoded("matplotlib", Kind.FIGURE, {}, buffers=[out.getvalue()], preview=_preview(out.getvalue()))

    def decode(self, source: Source) -> Image.Image:
        """The drawing as a picture."""
        from PIL import Image

        image = Image.open(io.BytesIO(bytes(source.blob())))
        image.load()
        return image.copy()


class PlotlyCodec:
    """plotly figures."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The figure's own JSON."""
        del scope
        text = value.to_json().encode()
        preview = {"mime": "application/vnd.plotly.v1+json", "json": text.decode()} if len(text) <= _SHOWN else None
        return Encoded("plotly", Kind.FIGURE, {"class": type(value).__name__}, buffers=[text], preview=preview)

    def decode(self, source: Source) -> Any:
        """The figure."""
        import plotly.io

        return plotly.io.from_json(bytes(source.blob()).decode(), skip_invalid=False)


class AltairCodec:
    """altair charts."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The Vega-Lite specification, its data within."""
        del scope
        try:
            text = value.to_json(indent=None).encode()
        except (ValueError, TypeError) as error:
            raise ValueRefusedError(
                f"storing an altair chart: {str(error)[:500]}",
                hint="Chart fewer rows, or call alt.data_transformers.disable_max_rows().",
            ) from error
        preview = {"mime": "application/vnd.vegalite.v5+json", "json": text.decode()} if len(text) <= _SHOWN else None
        return Encoded("altair", Kind.FIGURE, {"class": type(value).__name__}, buffers=[text], preview=preview)

    def decode(self, source: Source) -> Any:
        """The chart."""
        from importlib import import_module

        altair: Any = import_module("altair")
        made = getattr(altair, source.stored.meta["class"], altair.Chart)
        return made.from_json(bytes(source.blob()).decode())


CODECS: dict[str, Codec] = {
    "image": ImageCodec(),
    "matplotlib": MatplotlibCodec(),
    "plotly": PlotlyCodec(),
    "altair": AltairCodec(),
}

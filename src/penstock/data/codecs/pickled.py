"""The one module that unpickles: models of known libraries, and anything else where the user has allowed it.

Reading a pickle runs code that its writer chose. So it happens in worker processes alone, where users' code runs
anyway; a store that was not opened in one refuses.
"""

from __future__ import annotations

import pickle
from typing import Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ProductCorruptError, ValueRefusedError
from penstock.model.product import Kind

MODEL_LIBRARIES = frozenset(["sklearn", "xgboost", "lightgbm", "catboost", "imblearn", "statsmodels"])
"""Libraries whose models are stored without being asked, and read in workers."""

_HTML = 48_000
"""Bytes of markup that go into a preview."""


def codec_for(value: Any) -> str | None:
    """`model` for an object of a class that such a library defines, or that derives from one."""
    if isinstance(value, type):
        return None
    roots = {base.__module__.partition(".")[0] for base in type(value).__mro__}
    return "model" if roots & MODEL_LIBRARIES else None


class PickleCodec:
    """Objects by pickle.

    Args:
        codec: `model`, or `pickle` for any object.
        kind: what is told of the output.
    """

    def __init__(self, codec: str, kind: Kind) -> None:
        self._codec = codec
        self._kind = kind

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The pickle of the object."""
        del scope
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        try:
            content = pickle.dumps(value, protocol=5)
        except MemoryError:
            raise
        except Exception as error:  # how an object is pickled is the code of its library, or of the user
            raise ValueRefusedError(
                f"storing a value of type {name}: it cannot be pickled: {str(error)[:500]}",
                hint="Return its data (a table, array or dict), and make the object in the block that uses it.",
            ) from error
        preview = {"class": name, "text": _text(value), **_markup(value)}
        return Encoded(self._codec, self._kind, {"class": name}, buffers=[content], preview=preview)

    def decode(self, source: Source) -> Any:
        """The object, in a worker only."""
        name = source.stored.meta["class"]
        if not source.in_worker:
            raise ValueRefusedError(
                f"reading an object of type {name}: it is stored as a pickle, which is read in workers only",
                hint="Read it in a block of the pipeline.",
            )
        if self._codec == "pickle" and not source.allow_pickle:
            raise ValueRefusedError(
                f"reading an object of type {name}: it is stored as a pickle, which this run does not allow",
                hint="Allow pickle for the run, or return a table, array or dict in the upstream block.",
            )
        content = source.blob()
        try:
            return pickle.loads(content)  # noqa: S301 - see the head of this module
        except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, TypeError, ValueError) as error:
            raise ProductCorruptError(
                f"reading an object of type {name} from its pickle: {error}",
                hint="Its class must be importable: define it in a module of the project or a package.",
            ) from error


def _text(value: Any) -> str:
    try:
        return repr(value)[:500]
    except (TypeError, ValueError, AttributeError, RecursionError):
        return ""


def _markup(value: Any) -> dict[str, str]:
    """How the object shows itself as HTML, when that is not long: nobody else may open the pickle to ask it."""
    show = getattr(value, "_repr_html_", None)
    try:
        text = show() if callable(show) else None
    except (TypeError, ValueError, AttributeError, RecursionError, KeyError, IndexError, RuntimeError):
        return {}
    return {"html": text} if isinstance(text, str) and len(text.encode("utf-8", "replace")) <= _HTML else {}


CODECS: dict[str, Codec] = {
    "model": PickleCodec("model", Kind.MODEL),
    "pickle": PickleCodec("pickle", Kind.OBJECT),
}

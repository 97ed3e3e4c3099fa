"""numpy: arrays of any shape and any dtype without objects, as they lie in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

if TYPE_CHECKING:
    import numpy as np

_SHOWN = 100


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value; scalars are plain values."""
    import numpy as np

    if isinstance(value, np.ma.MaskedArray):
        raise ValueRefusedError("storing a masked array: no exact form for it is known", hint="Return .filled(...).")
    return "numpy.array" if type(value) is np.ndarray else None


def shown(value: np.ndarray) -> dict[str, Any]:
    """What a preview shows of an array."""
    return {
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "values": [shown_text(str(item)) for item in value.reshape(-1)[:_SHOWN]]
        if value.dtype.names
        else _first(value),
    }


def _first(value: np.ndarray) -> list[Any]:
    items = value[(slice(0, _SHOWN),) * value.ndim].reshape(-1)[:_SHOWN].tolist() if value.ndim else [value.item()]
    return [shown_text(item) if isinstance(item, str) else _number(item) for item in items]


def shown_text(item: str) -> str:
    """The text as JSON can hold it: half a character is shown as its number."""
    return item.encode("utf-8", "backslashreplace").decode()


def _number(item: Any) -> Any:
    if isinstance(item, bool | int):
        return item
    finite = isinstance(item, float) and item == item and abs(item) != float("inf")  # noqa: PLR0124 - NaN
    return item if finite else str(item)


class ArrayCodec:
    """numpy.ndarray."""

    def encode(self, value: np.ndarray, scope: Scope) -> Encoded:
        """The memory of the array, in its order."""
        import numpy as np

        if value.dtype.hasobject:
            raise ValueRefusedError(
                f"storing an array of the dtype {value.dtype}: objects in an array have no exact form",
                hint="Return a list, or an array of numbers or text; or run it with `penstock run --allow-pickle`.",
            )
        fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        dense = value if fortran else np.ascontiguousarray(value).reshape(value.shape)
        flat = dense.reshape(-1, order="A").view(np.uint8) if dense.nbytes else np.empty(0, np.uint8)
        meta = {
            "dtype": np.lib.format.dtype_to_descr(value.dtype),
            "shape": list(value.shape),
            "fortran": bool(fortran),
        }
        return Encoded(
            "numpy.array",
            Kind.ARRAY,
            meta,
            rows=value.shape[0] if value.ndim else None,
            buffers=[flat],
            shared=scope.unchanged_array(flat),
            preview=shown(value),
        )

    def decode(self, source: Source) -> np.ndarray:
        """The array over a private mapping: writing to it stays in this process."""
        import numpy as np

        meta = source.stored.meta
        dtype = np.lib.format.descr_to_dtype(descr_of(meta["dtype"]))
        order: Any = "F" if meta["fortran"] else "C"
        if source.stored.blob is None:
            return np.empty(meta["shape"], dtype=dtype, order=order)
        return source.writable_blob().view(dtype).reshape(meta["shape"], order=order)


def descr_of(form: Any) -> Any:
    """JSON makes lists of the tuples that a structured dtype is described by."""
    if not isinstance(form, list):
        return form
    if form and isinstance(form[0], str):
        return (form[0], tuple(form[1]))
    return [_field(field) for field in form]


def _field(field: list[Any]) -> tuple[Any, ...]:
    name, kind, *shape = field
    return (tuple(name) if isinstance(name, list) else name, descr_of(kind), *(tuple(part) for part in shape))


CODECS: dict[str, Codec] = {"numpy.array": ArrayCodec()}

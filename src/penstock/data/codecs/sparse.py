"""scipy: sparse matrices and arrays, by the arrays that they are made of."""

from __future__ import annotations

from typing import Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source
from penstock.model.errors import ValueRefusedError
from penstock.model.product import Kind

_FIELDS = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "bsr": ("data", "indices", "indptr"),
    "dia": ("data", "offsets"),
}


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value."""
    from scipy import sparse

    known = sparse.issparse(value) and type(value).__module__.startswith("scipy.")
    return "scipy.sparse" if known else None


class SparseCodec:
    """scipy.sparse matrices and arrays of every format."""

    def encode(self, value: Any, scope: Scope) -> Encoded:
        """The arrays as parts."""
        if value.dtype.hasobject:
            raise ValueRefusedError("storing a sparse matrix of objects: they have no exact form", hint="Use numbers.")
        kind = value.format
        meta: dict[str, Any] = {"class": type(value).__name__, "shape": list(value.shape), "dtype": value.dtype.str}
        if kind in _FIELDS:
            meta["parts"] = {name: scope.part(getattr(value, name)) for name in _FIELDS[kind]}
        else:
            meta["coo"] = True
            flat = value if kind == "coo" else value.tocoo()
            meta["parts"] = {"data": scope.part(flat.data)}
            meta["coords"] = [scope.part(axis) for axis in getattr(flat, "coords", None) or (flat.row, flat.col)]
        preview = {"shape": meta["shape"], "dtype": str(value.dtype), "format": kind, "stored": int(value.nnz)}
        return Encoded("scipy.sparse", Kind.ARRAY, meta, rows=value.shape[0], preview=preview)

    def decode(self, source: Source) -> Any:
        """The matrix."""
        from scipy import sparse

        meta = source.stored.meta
        made = getattr(sparse, meta["class"])
        shape = tuple(meta["shape"])
        parts = {name: source.part(number) for name, number in meta["parts"].items()}
        if "coo" in meta:
            coords = tuple(source.part(number) for number in meta["coords"])
            array = made.__name__.endswith("_array")
            flat = (sparse.coo_array if array else sparse.coo_matrix)((parts["data"], coords), shape=shape)
            return flat if made.__name__.startswith("coo") else made(flat)
        return made(tuple(parts.values()), shape=shape)


CODECS: dict[str, Codec] = {"scipy.sparse": SparseCodec()}

"""Conversions that block code of Mage projects imports: sparse matrices to frames, odd values to JSON."""

from __future__ import annotations

import base64
import datetime as dt
import enum
from typing import Any

from penstock.model.errors import DriverMissingError


def convert_matrix_to_dataframe(matrix: Any) -> Any:
    """A SciPy CSR matrix as a frame whose columns are named "0", "1", ...; everything else unchanged."""
    if getattr(matrix, "format", None) != "csr" or not hasattr(matrix, "toarray"):
        return matrix
    import pandas as pd

    dense = matrix.toarray()
    return pd.DataFrame(dense, columns=[str(place) for place in range(dense.shape[1])])


def encode_complex(value: Any) -> Any:
    """A value that JSON has no notation for, as one that it has: the `default` of a JSON encoder.

    Dates and times become ISO 8601 text, NumPy scalars and arrays Python numbers and lists, sets lists, frames lists
    of records. A value of another kind is returned as it is.
    """
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return list(value)
    if getattr(value, "format", None) == "csr" and hasattr(value, "toarray"):
        return serialize_matrix(value)
    return _encode_library_value(value)


def _encode_library_value(value: Any) -> Any:
    """Values of NumPy and pandas, told by their module so that neither is imported for a plain value."""
    root = type(value).__module__.partition(".")[0]
    if root == "pandas":
        if hasattr(value, "columns"):
            return value.to_dict(orient="records")
        return value.tolist() if hasattr(value, "tolist") else value
    if root == "numpy" and hasattr(value, "tolist") and getattr(value.dtype, "kind", "") not in "mM":
        return value.tolist()
    return value


def serialize_matrix(matrix: Any) -> dict[str, str]:
    """A SciPy CSR matrix as a JSON object that `deserialize_matrix` reads."""
    import io

    sparse = _scipy_sparse()
    buffer = io.BytesIO()
    sparse.save_npz(buffer, matrix)
    return {
        "__type__": "scipy.sparse.csr_matrix",
        "__data__": base64.b64encode(buffer.getvalue()).decode("ascii"),
    }


def deserialize_matrix(document: dict[str, str]) -> Any:
    """The matrix that `serialize_matrix` wrote."""
    import io

    return _scipy_sparse().load_npz(io.BytesIO(base64.b64decode(document["__data__"])))


def _scipy_sparse() -> Any:
    try:
        import scipy.sparse
    except ModuleNotFoundError as error:
        raise DriverMissingError(
            "converting a sparse matrix: SciPy is not installed", hint="Run `pip install scipy`."
        ) from error
    return scipy.sparse

"""Arrays of geometries as well-known binary and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.model.errors import ValueRefusedError

if TYPE_CHECKING:
    import pyarrow as pa


def encode_geometry(array: Any) -> tuple[pa.Array, dict[str, Any]]:
    """An array of geometries as Arrow.

    Raises:
        ValueRefusedError: its coordinate system cannot be written down.
    """
    import numpy as np
    import pyarrow as pa
    import shapely

    crs = array.crs
    form = None
    if crs is not None:
        from pyproj import CRS

        form = crs.to_json()
        if CRS.from_json(form) != crs:
            raise ValueRefusedError(
                f"storing geometries: the coordinate system {crs.name} does not survive as JSON",
                hint="Use .to_crs(...) with an EPSG code.",
            )
    binary = shapely.to_wkb(np.asarray(array, dtype=object), output_dimension=4, flavor="iso")
    return pa.array(binary, type=pa.large_binary()), {"k": "geometry", "crs": form}


def decode_geometry(column: pa.ChunkedArray, meta: dict[str, Any]) -> Any:
    """The array of geometries again."""
    import geopandas as gpd
    import numpy as np

    crs = None
    if meta["crs"] is not None:
        from pyproj import CRS

        crs = CRS.from_json(meta["crs"])
    return gpd.array.from_wkb(np.array(column.to_pylist(), dtype=object), crs=crs)

"""geopandas: geometries as well-known binary, the coordinate system as JSON that gives an equal one back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.data.codecs.base import Codec, Encoded, Scope, Source

if TYPE_CHECKING:
    import geopandas as gpd


def codec_for(value: Any) -> str | None:
    """Which codec of this module stores the value."""
    import geopandas as gpd

    if type(value) is gpd.GeoDataFrame:
        return "geo.frame"
    return "geo.series" if type(value) is gpd.GeoSeries else None


class GeoFrameCodec:
    """geopandas.GeoDataFrame."""

    def encode(self, value: gpd.GeoDataFrame, scope: Scope) -> Encoded:
        """A pandas frame and the name of the active geometry."""
        import pandas as pd

        from penstock.data.codecs.pandas_frame import FrameCodec

        encoded = FrameCodec().encode(pd.DataFrame(value, copy=False), scope)
        encoded.codec = "geo.frame"
        encoded.meta["active"] = scope.plain(value.active_geometry_name)
        return encoded

    def decode(self, source: Source) -> gpd.GeoDataFrame:
        """The frame."""
        import geopandas as gpd

        from penstock.data.codecs.pandas_frame import FrameCodec

        frame = FrameCodec().decode(source)
        active = source.plain(source.stored.meta["active"])
        attrs = frame.attrs
        found = gpd.GeoDataFrame(frame) if active is None else gpd.GeoDataFrame(frame, geometry=active)
        found.attrs = attrs
        return found


class GeoSeriesCodec:
    """geopandas.GeoSeries."""

    def encode(self, value: gpd.GeoSeries, scope: Scope) -> Encoded:
        """A pandas series."""
        import pandas as pd

        from penstock.data.codecs.pandas_frame import SeriesCodec

        encoded = SeriesCodec().encode(pd.Series(value, copy=False), scope)
        encoded.codec = "geo.series"
        return encoded

    def decode(self, source: Source) -> gpd.GeoSeries:
        """The series."""
        import geopandas as gpd

        from penstock.data.codecs.pandas_frame import SeriesCodec

        return gpd.GeoSeries(SeriesCodec().decode(source))


CODECS: dict[str, Codec] = {"geo.frame": GeoFrameCodec(), "geo.series": GeoSeriesCodec()}

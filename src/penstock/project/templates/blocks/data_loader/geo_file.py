from pathlib import Path

import geopandas as gpd

from penstock import data_loader

FILE = "data/places.geojson"


@data_loader
def geo_file(*args, **kwargs):
    """Places with their shapes, from GeoJSON, GeoPackage or a shapefile."""
    return gpd.read_file(Path(kwargs["repo_path"]) / FILE)

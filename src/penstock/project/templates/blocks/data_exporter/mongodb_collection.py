from penstock import data_exporter
from penstock.sdk.io import ConfigFileLoader, MongoDB

PROFILE = "default"
COLLECTION = "orders"


@data_exporter
def mongodb_collection(frame, *args, **kwargs):
    """A document per row, added to a collection."""
    MongoDB.with_config(ConfigFileLoader(profile=PROFILE)).export(frame, collection=COLLECTION)

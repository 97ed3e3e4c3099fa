from penstock import data_loader
from penstock.sdk.io import ConfigFileLoader, MongoDB

PROFILE = "default"
COLLECTION = "orders"
QUERY = {"quantity": {"$gte": 1}}


@data_loader
def mongodb_collection(*args, **kwargs):
    """The documents of a collection that match a query."""
    return MongoDB.with_config(ConfigFileLoader(profile=PROFILE)).load(collection=COLLECTION, query=QUERY)

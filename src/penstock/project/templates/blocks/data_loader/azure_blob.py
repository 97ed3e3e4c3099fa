from penstock import data_loader
from penstock.sdk.io import AzureBlobStorage, ConfigFileLoader

PROFILE = "default"
CONTAINER = "my-container"
BLOB = "orders/orders.parquet"


@data_loader
def azure_blob(*args, **kwargs):
    """One file of a container; its extension says how to read it."""
    return AzureBlobStorage.with_config(ConfigFileLoader(profile=PROFILE)).load(CONTAINER, BLOB)

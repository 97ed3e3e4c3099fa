from penstock import data_exporter
from penstock.sdk.io import AzureBlobStorage, ConfigFileLoader

PROFILE = "default"
CONTAINER = "my-container"
BLOB = "orders/orders.parquet"


@data_exporter
def azure_blob(frame, *args, **kwargs):
    """One file of a container; its extension says how to write it."""
    AzureBlobStorage.with_config(ConfigFileLoader(profile=PROFILE)).export(frame, CONTAINER, BLOB)

from penstock import data_exporter
from penstock.sdk.io import Client, ConfigFileLoader

PROFILE = "default"
BUCKET = "my-bucket"
KEY = "orders/orders.parquet"


@data_exporter
def system_object(frame, *args, **kwargs):
    """One file of a bucket; its extension says how to write it."""
    Client.with_config(ConfigFileLoader(profile=PROFILE)).export(frame, BUCKET, KEY)

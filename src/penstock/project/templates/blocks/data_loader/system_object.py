from penstock import data_loader
from penstock.sdk.io import Client, ConfigFileLoader

PROFILE = "default"
BUCKET = "my-bucket"
KEY = "orders/orders.parquet"


@data_loader
def system_object(*args, **kwargs):
    """One file of a bucket; its extension says how to read it."""
    return Client.with_config(ConfigFileLoader(profile=PROFILE)).load(BUCKET, KEY)

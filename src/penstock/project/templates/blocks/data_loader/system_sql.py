from penstock import data_loader
from penstock.sdk.io import Client, ConfigFileLoader

PROFILE = "default"
QUERY = "SELECT * FROM orders"


@data_loader
def system_sql(*args, **kwargs):
    """The rows of a query. The connection is a profile of io_config.yaml."""
    with Client.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        return database.load(QUERY)

from penstock import data_loader
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
QUERY = "SELECT * FROM orders WHERE quantity >= 1"


@data_loader
def postgres_query(*args, **kwargs):
    """The rows of a query on PostgreSQL. The connection is a profile of io_config.yaml."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        return database.load(QUERY)

from penstock import sensor
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
QUERY = "SELECT count(*) > 0 FROM orders"


@sensor
def postgres_rows(*args, **kwargs):
    """Waits until a query on PostgreSQL answers true."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        return bool(database.load(QUERY, verbose=False).iloc[0, 0])

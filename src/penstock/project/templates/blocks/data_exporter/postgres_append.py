from penstock import data_exporter
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
SCHEMA = "public"
TABLE = "orders_history"


@data_exporter
def postgres_append(frame, *args, **kwargs):
    """Rows added to a table of PostgreSQL; it is made when it does not exist. Running it twice adds them twice."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        database.export(frame, SCHEMA, TABLE, if_exists="append")

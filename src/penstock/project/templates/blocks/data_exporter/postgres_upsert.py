from penstock import data_exporter
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
SCHEMA = "public"
TABLE = "orders_latest"
KEY = ["order_id"]


@data_exporter
def postgres_upsert(frame, *args, **kwargs):
    """New rows are added to a table of PostgreSQL, rows with a known key replace those that are there."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        database.export(
            frame, SCHEMA, TABLE, if_exists="append", unique_constraints=KEY, unique_conflict_method="UPDATE"
        )

from penstock import data_exporter
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
SCHEMA = "public"
TABLE = "orders_copy"


@data_exporter
def postgres_table(frame, *args, **kwargs):
    """A table of PostgreSQL. Its rows are replaced in one transaction; if_exists="append" adds to them."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        database.export(frame, SCHEMA, TABLE, if_exists="replace")

from penstock import data_exporter
from penstock.sdk.io import Client, ConfigFileLoader

PROFILE = "default"
SCHEMA = "public"
TABLE = "orders"


@data_exporter
def system_sql(frame, *args, **kwargs):
    """A table, whose rows are replaced. The connection is a profile of io_config.yaml."""
    with Client.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        database.export(frame, schema_name=SCHEMA, table_name=TABLE, if_exists="replace")

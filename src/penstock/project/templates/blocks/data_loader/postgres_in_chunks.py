from penstock import data_loader
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
TABLE = "orders"
KEY = "order_id"
ROWS = 50_000


@data_loader
def postgres_in_chunks(*args, **kwargs):
    """A large table of PostgreSQL in the order of its key, a part at a time; memory stays at one part."""
    last = None
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        while True:
            after = f"WHERE {KEY} > %(last)s" if last is not None else ""
            query = f"SELECT * FROM {TABLE} {after} ORDER BY {KEY} LIMIT {ROWS}"
            part = database.load(query, verbose=False, params={"last": last} if after else None)
            if part.empty:
                return
            last = part[KEY].iloc[-1].item()
            yield part

from penstock import data_loader
from penstock.model.errors import ProductMissingError
from penstock.sdk.io import ConfigFileLoader, Postgres
from penstock.sdk.variables import get_variable

PROFILE = "default"
TABLE = "orders"
KEY = "order_id"


@data_loader
def postgres_new_rows(*args, **kwargs):
    """All rows so far: those that this block stored last time and those with a larger key since."""
    import pandas as pd

    try:
        before = get_variable(kwargs["pipeline_uuid"], kwargs["block_uuid"])
    except ProductMissingError:
        before = None
    last = before[KEY].max().item() if before is not None and len(before) else None
    condition = f"WHERE {KEY} > %(last)s" if last is not None else ""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        query = f"SELECT * FROM {TABLE} {condition} ORDER BY {KEY}"
        new = database.load(query, params={"last": last} if condition else None)
    kwargs["logger"].info(f"{len(new):,} new rows")
    return new if before is None else pd.concat([before, new], ignore_index=True)

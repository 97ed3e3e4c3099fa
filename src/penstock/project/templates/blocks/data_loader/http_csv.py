import pandas as pd

from penstock import data_loader

URL = "https://example.org/orders.csv"


@data_loader
def http_csv(*args, **kwargs):
    """A CSV file on the web."""
    return pd.read_csv(URL)

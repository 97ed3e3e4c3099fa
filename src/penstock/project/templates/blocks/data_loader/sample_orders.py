import numpy as np
import pandas as pd

from penstock import data_loader, test

ROWS = 200
SEED = 1


@data_loader
def sample_orders(*args, **kwargs):
    """Invented orders of a shop, the same in every run: something to try other blocks with."""
    chance = np.random.default_rng(SEED)
    customer = chance.integers(1, 40, ROWS)
    price = chance.gamma(2.0, 30.0, ROWS).round(2)
    price[chance.random(ROWS) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "order_id": np.arange(1, ROWS + 1),
            "ordered_at": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(chance.integers(0, 90 * 24, ROWS)), "h"),
            "customer": [f"customer {number}" for number in customer],
            "email": [f"customer{number}@example.org" for number in customer],
            "country": chance.choice(["NO", "SE", "DK", "FI"], ROWS),
            "product": chance.choice(["green tea", "black coffee", "dark chocolate"], ROWS),
            "quantity": chance.integers(1, 6, ROWS),
            "price": price,
        }
    )


@test
def order_ids_are_unique(orders, *args):
    assert orders["order_id"].is_unique

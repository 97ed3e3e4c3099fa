import numpy as np
import pandas as pd

from penstock import data_loader

ROWS = 10_000
SEED = 1


@data_loader
def random_numbers(*args, **kwargs):
    """A random walk and its steps, the same in every run."""
    steps = np.random.default_rng(SEED).normal(size=ROWS)
    return pd.DataFrame({"step": steps, "walk": steps.cumsum()})

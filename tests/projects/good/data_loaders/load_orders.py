import pandas as pd
from default_repo.utils import money

__all__ = ["money", "pd"]

if "data_loader" not in globals():
    from mage_ai.data_preparation.decorators import data_loader


@data_loader
def load(**kwargs):
    return [1, 2, 3]

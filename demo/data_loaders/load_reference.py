"""One file for three blocks: each entry of the pipeline names its table in `configuration`."""

from pathlib import Path

import pandas as pd

from penstock import data_loader, test


@data_loader
def load_reference(*args, **kwargs):
    table = kwargs["configuration"]["table"]
    return pd.read_csv(Path(kwargs["repo_path"]) / "data" / table, keep_default_na=False, na_values=["NA"])


@test
def first_column_is_a_key(reference, *args):
    key = reference.columns[0]
    assert reference[key].is_unique, f"{key} repeats"
    assert reference[key].notna().all(), f"{key} has gaps"

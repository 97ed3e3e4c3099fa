from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/orders.xlsx"
SHEET = 0


@data_loader
def excel_file(*args, **kwargs):
    """One sheet of an Excel file, by its name or its number from 0."""
    return pd.read_excel(Path(kwargs["repo_path"]) / FILE, sheet_name=SHEET)

from penstock import transformer
from penstock.sdk.cleaning.columns import normalize

COLUMNS = ["price"]


@transformer
def normalize_columns(frame, *args, **kwargs):
    """Numbers brought into the range from 0 to 1. Without COLUMNS: every column of numbers."""
    return normalize(frame, COLUMNS or list(frame.select_dtypes("number").columns))

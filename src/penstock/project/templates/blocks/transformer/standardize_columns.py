from penstock import transformer
from penstock.sdk.cleaning.columns import standardize

COLUMNS = ["price"]


@transformer
def standardize_columns(frame, *args, **kwargs):
    """Numbers brought to a mean of 0 and a standard deviation of 1. Without COLUMNS: every column of numbers."""
    return standardize(frame, COLUMNS or list(frame.select_dtypes("number").columns))

import pandas as pd

from penstock import transformer

TYPES = {"order_id": "string", "quantity": "float64"}
DATES = ["ordered_at"]


@transformer
def change_column_types(frame, *args, **kwargs):
    """Columns with other types. A text that is no date becomes a missing value."""
    frame = frame.astype(TYPES)
    for name in DATES:
        frame[name] = pd.to_datetime(frame[name], errors="coerce")
    return frame

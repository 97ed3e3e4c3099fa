from penstock import transformer
from penstock.sdk.cleaning.columns import reformat

COLUMNS = ["ordered_at"]


@transformer
def parse_dates(frame, *args, **kwargs):
    """Dates written in whatever way become times; what is no date becomes a missing value."""
    return reformat(frame, COLUMNS, {"reformat": "date_format_conversion"})

from penstock import transformer
from penstock.sdk.cleaning.columns import reformat

COLUMNS = ["price"]


@transformer
def parse_currency(frame, *args, **kwargs):
    """Amounts written as text, such as "$1,200.50" or "-€3", become numbers."""
    return reformat(frame, COLUMNS, {"reformat": "currency_to_num"})

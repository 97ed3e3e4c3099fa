from penstock import transformer
from penstock.sdk.cleaning.naming import clean_column_name


@transformer
def clean_column_names(frame, *args, **kwargs):
    """Every column in lower case with underscores: `Order ID` becomes `order_id`."""
    return frame.rename(columns={name: clean_column_name(str(name)) for name in frame.columns})

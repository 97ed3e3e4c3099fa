from penstock.sdk.decorators import x, y


@x
def columns_of(frame):
    """The share of missing values of each column, in percent."""
    return [str(name) for name in frame.columns]


@y
def missing_percent(frame):
    """As high as the column has gaps."""
    return (frame.isna().mean() * 100).round(2).tolist()

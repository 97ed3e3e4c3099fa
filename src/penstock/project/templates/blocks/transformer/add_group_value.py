from penstock import transformer

GROUP_BY = ["country"]
COLUMN = "price"
FUNCTION = "mean"
NAME = "country_mean"


@transformer
def add_group_value(frame, *args, **kwargs):
    """Every row gets the aggregate of its group as one more column; the rows stay as many as they were."""
    frame[NAME] = frame.groupby(GROUP_BY)[COLUMN].transform(FUNCTION)
    return frame

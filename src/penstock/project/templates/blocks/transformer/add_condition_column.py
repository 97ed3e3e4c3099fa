import numpy as np

from penstock import transformer

COLUMN = "price"
NAME = "price_class"


@transformer
def add_condition_column(frame, *args, **kwargs):
    """One more column that names the case each row falls into; the first condition that holds decides."""
    values = frame[COLUMN]
    cases = [
        (values.isna(), "unknown"),
        (values >= 100, "high"),
        (values >= 20, "middle"),
    ]
    frame[NAME] = np.select([condition for condition, _ in cases], [word for _, word in cases], default="low")
    return frame

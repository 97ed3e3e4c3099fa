import pandas as pd

from penstock import data_loader

FIRST = "2024-01-01"
LAST = "2024-12-31"


@data_loader
def calendar(*args, **kwargs):
    """One row per day with its year, quarter, month, ISO week and weekday: to join times with."""
    days = pd.date_range(FIRST, LAST, freq="D")
    return pd.DataFrame(
        {
            "day": days,
            "year": days.year,
            "quarter": days.quarter,
            "month": days.month,
            "week": days.isocalendar().week.to_numpy(),
            "weekday": days.day_name(),
            "is_weekend": days.dayofweek >= 5,
        }
    )

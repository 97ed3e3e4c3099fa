from penstock import sensor
from penstock.sdk.triggers import check_status

PIPELINE = "daily_orders"
HOURS = 24


@sensor
def pipeline_completed(*args, **kwargs):
    """Waits until another pipeline has completed within the last hours; fails when its run has failed."""
    return check_status(PIPELINE, hours=HOURS)

from penstock import sensor
from penstock.sdk.triggers import check_status

PIPELINE = "daily_orders"
BLOCK = "load_orders"
HOURS = 24


@sensor
def block_completed(*args, **kwargs):
    """Waits until a block of another pipeline has completed within the last hours."""
    return check_status(PIPELINE, block_uuid=BLOCK, hours=HOURS)

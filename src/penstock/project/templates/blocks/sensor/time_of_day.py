from datetime import datetime, time
from zoneinfo import ZoneInfo

from penstock import sensor

EARLIEST = "06:00"
ZONE = "Europe/Berlin"


@sensor
def time_of_day(*args, **kwargs):
    """Waits until it is that late in that time zone."""
    return datetime.now(ZoneInfo(ZONE)).time() >= time.fromisoformat(EARLIEST)

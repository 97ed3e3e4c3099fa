"""How much memory the reader may allocate."""

from __future__ import annotations

from penstock.config import environment

MOST = 4 << 30
LEAST = 512 << 20


def reader_memory() -> int:
    """Bytes: what PENSTOCK_READER_MEMORY says, else half of the machine's memory, between 512 MB and 4 GB.

    Raises:
        SettingInvalidError: the variable is no number.
    """
    import psutil

    told = int(environment.read("PENSTOCK_READER_MEMORY"))
    if told > 0:
        return told << 20
    return max(LEAST, min(MOST, int(psutil.virtual_memory().total) // 2))

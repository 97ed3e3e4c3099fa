"""Whether a range of privately mapped memory has ever been written to, asked of the kernel."""

from __future__ import annotations

import mmap
import os
import sys

_SWAPPED = 0x40
_FILE = 0x20
_PRESENT = 0x80


def untouched(address: int, size: int) -> bool:
    """True when no page of the range has a private copy, so that it still shows its file; False when not known.

    Linux only: /proc/self/pagemap has 64 bits for each page, of which the highest three say present, swapped, of a
    file. A page that was written to is anonymous from then on: present but not of a file, or swapped.
    """
    if sys.platform != "linux" or size == 0:
        return False
    page = mmap.PAGESIZE
    first = address // page
    count = (address + size + page - 1) // page - first
    try:
        descriptor = os.open("/proc/self/pagemap", os.O_RDONLY)
        try:
            entries = os.pread(descriptor, count * 8, first * 8)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    if len(entries) != count * 8 or sys.byteorder != "little":
        return False
    flags = set(entries[7::8])
    return not any(flag & _SWAPPED or (flag & _PRESENT and not flag & _FILE) for flag in flags)

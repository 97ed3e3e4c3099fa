"""The worker's stdout and stderr, whatever user code has made of them."""

from __future__ import annotations

import sys


def flush_streams() -> None:
    """Write out what Python holds of stdout and stderr; a stream that the block has closed or replaced is let be."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError, RuntimeError):  # the last in the middle of a write of this thread
            continue

"""The older way to read a profile."""

from penstock.sdk.io.legacy import IOConfig, IOConfigKeys

__all__ = ["IOConfig", "IOConfigKeys"]

"""The client of files."""

from penstock.sdk.io.file import FileIO

__all__ = ["FileIO"]

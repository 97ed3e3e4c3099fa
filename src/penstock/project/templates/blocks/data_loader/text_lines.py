from pathlib import Path

import pandas as pd

from penstock import data_loader

FILE = "data/server.log"
PATTERN = r"(?P<time>\S+) (?P<level>[A-Z]+) (?P<message>.*)"


@data_loader
def text_lines(*args, **kwargs):
    """A text or log file: one row per line, a column per named part of the pattern."""
    lines = (Path(kwargs["repo_path"]) / FILE).read_text(encoding="utf-8").splitlines()
    return pd.Series(lines, dtype="string").str.extract(PATTERN)

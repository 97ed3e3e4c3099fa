"""Upstreams whose outputs are in memory, with the rules of the worker's own: what is a table and what is not."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from penstock.model.errors import ValueRefusedError
from tests.languages.jobs import Given


class Held(Given):
    """An upstream; `read` counts how often its output was asked for."""

    def empty(self) -> bool:
        return self.content is None

    def table(self) -> pa.Table:
        self.read += 1
        if isinstance(self.content, pa.Table):
            return self.content
        if isinstance(self.content, pd.DataFrame):
            return pa.Table.from_pandas(self.content)
        raise ValueRefusedError(f"reading the output of {self.block} as a table: it is a {type(self.content).__name__}")

"""Upstreams whose outputs are in memory, with the rules of the worker's own: what is a table and what is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from penstock.model.errors import ValueRefusedError


@dataclass
class Held:
    """An upstream; `read` counts how often its output was asked for."""

    block: str
    content: Any
    type: str = "data_loader"
    language: str = "python"
    configuration: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False
    read: int = 0

    def empty(self) -> bool:
        return self.content is None

    def value(self) -> Any:
        self.read += 1
        return self.content

    def table(self) -> pa.Table:
        self.read += 1
        if isinstance(self.content, pa.Table):
            return self.content
        if isinstance(self.content, pd.DataFrame):
            return pa.Table.from_pandas(self.content)
        raise ValueRefusedError(f"reading the output of {self.block} as a table: it is a {type(self.content).__name__}")

"""Upstreams that a block asks for in batches: `configuration.variables` of the block entry.

`{"upstream": {<uuid>: {"input_data_types": ["generator"], "batch_settings": {"items": {"maximum": 1000}}}}}` hands the
function a generator of slices instead of the whole; `"batch"` hands it the list of them. `read` holds the settings for
upstreams that are not named. Slices of a stored frame are views of the mapped file, so memory stays at one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penstock.model.errors import SettingInvalidError

DEFAULT_ROWS = 10_000
"""Rows of a batch when the settings name no size."""

_IN_BATCHES = frozenset({"batch", "generator", "reader"})


def batched(value: Any, block: str, configuration: Mapping[str, Any]) -> Any:
    """The upstream's value as the block's settings ask for it; the value itself when they ask for nothing.

    Args:
        value: what the upstream stored.
        block: the upstream's uuid.
        configuration: the configuration of the block that reads it.

    Raises:
        SettingInvalidError: a size that is not a positive number.
    """
    settings = _settings(block, configuration)
    asked = settings.get("input_data_types")
    kinds = {str(kind) for kind in (asked if isinstance(asked, list) else [asked])}
    if kinds.isdisjoint(_IN_BATCHES) or not hasattr(value, "__len__"):
        return value
    slices = _slices(value, _rows(settings, len(value), block))
    return list(slices) if "batch" in kinds else slices


def _settings(block: str, configuration: Mapping[str, Any]) -> Mapping[str, Any]:
    variables = configuration.get("variables")
    if not isinstance(variables, Mapping):
        return {}
    upstream = variables.get("upstream")
    entry = upstream.get(block) if isinstance(upstream, Mapping) else None
    chosen = entry if entry is not None else variables.get("read")
    return chosen if isinstance(chosen, Mapping) else {}


def _rows(settings: Mapping[str, Any], total: int, block: str) -> int:
    batch = settings.get("batch_settings")
    batch = batch if isinstance(batch, Mapping) else {}
    items = _maximum(batch.get("items"), block)
    if items:
        return items
    count = _maximum(batch.get("count"), block)
    return max(1, -(-total // count)) if count else DEFAULT_ROWS


def _maximum(limit: Any, block: str) -> int | None:
    value = limit.get("maximum") if isinstance(limit, Mapping) else limit
    if value is None:
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise SettingInvalidError(
            f"reading the batch settings of upstream {block}: maximum is {value!r}, not a positive number",
            hint="Write variables.upstream.<block>.batch_settings.items.maximum as a number such as 1000.",
        )
    return number


def _slices(value: Any, rows: int) -> Iterator[Any]:
    for start in range(0, len(value), rows):
        yield value.iloc[start : start + rows] if hasattr(value, "iloc") else value[start : start + rows]

"""How many runs were made in each hour, by the state that they are in now."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from penstock.state.run_list import RunFilter, conditions_of
from penstock.state.tables import run

HOUR = 3600


def by_hour(connection: sa.Connection, wanted: RunFilter, since: int, until: int) -> dict[int, Counter[str]]:
    """The runs that a list would show, counted; hours without any are left out.

    Args:
        connection: in a transaction.
        wanted: which runs; its own times and its text are not looked at, nor is its order.
        since: the beginning of the first hour, in seconds since the epoch.
        until: the end of the last one.

    Returns:
        By the beginning of the hour, how many runs are in which state.
    """
    bounded = replace(wanted, since=float(since), until=float(until), text="", block="")
    # Made after `since`, so that cutting and rounding down are the same in every database.
    hour = sa.cast(sa.func.floor((run.c.created_at - since) / HOUR), sa.Integer).label("hour")
    if connection.dialect.name == "sqlite":  # has no floor everywhere; a cast cuts
        hour = sa.cast((run.c.created_at - since) / HOUR, sa.Integer).label("hour")
    query = sa.select(hour, run.c.state, sa.func.count().label("count"))
    query = query.where(*(condition for _, condition in conditions_of(bounded, run.c))).group_by(hour, run.c.state)
    found: dict[int, Counter[str]] = {}
    for place, state, count in connection.execute(query):
        found.setdefault(since + place * HOUR, Counter())[state] += count
    return found

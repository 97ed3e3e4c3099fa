"""No query on runs goes through all of them: what it costs does not grow with the years that a store holds."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.state import monitoring
from penstock.state.rows import RunRow
from penstock.state.run_hours import by_hour
from penstock.state.run_list import RunFilter
from penstock.state.store import open_state
from tests.state.test_statements import SAMPLES, calls


def test_every_query_on_runs_reads_along_an_index(tmp_path: Path) -> None:
    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    with state.write() as connection:
        state.runs.insert(connection, RunRow("r1", "p", 1.0))
    plans: list[tuple[str, str, str]] = []
    current = ""

    @sa.event.listens_for(state._writer, "before_cursor_execute")
    def explained(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: Any) -> None:
        if "penstock_run" in statement and not statement.startswith("INSERT"):
            given = parameters[0] if many else parameters
            lines = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
            plans.extend((current, line[3], statement) for line in lines)

    for noun in (state.runs, state.triggers, state.backfills, state.holds):
        for method, arguments in calls(noun, type(noun).__name__.lower()):
            current = method
            with state._writer.connect() as connection, connection.begin() as transaction:
                getattr(noun, method)(connection, **arguments)
                transaction.rollback()
    with state._writer.connect() as connection, connection.begin():
        for method, function in inspect.getmembers(monitoring, inspect.isfunction):
            kinds = [str(one.annotation) for one in inspect.signature(function).parameters.values()]
            if kinds[:1] == ["sa.Connection"] and not method.startswith("_"):
                for number in range(2):
                    current = method
                    more = [SAMPLES[kind][number % len(SAMPLES[kind])] for kind in kinds[1:]]
                    function(connection, *more)
                    function(connection, *more[:2])
        current = "by_hour"
        for wanted in (RunFilter(), RunFilter(("p",)), RunFilter(states=("failed",)), RunFilter(origins=("cli",))):
            by_hour(connection, wanted, 0, 7200)
    state.close()
    assert {"ended", "first_end", "newest_ended", "newest_runs", "of_backfill"} <= {name for name, _, _ in plans}
    # a list in its order reads an index from its end, and stops; sums and counts have bounds to search for
    through = ("SCAN", "SEARCH")
    bad = [one for one in plans if one[1].split(" USING ")[0] in {f"{word} penstock_run" for word in through}]
    assert [one for one in bad if " USING " not in one[1]] == []
    assert [one for one in bad if one[1].startswith("SCAN") and " LIMIT " not in one[2]] == []

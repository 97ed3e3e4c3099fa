"""PostgreSQL at the other end of threads of the same process, as an SSH tunnel is: none of our waiting may stop them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE
from tests.servers import PostgresServer

ROOT = Path(__file__).parents[2]

CODE = """
import sys
import pyarrow as pa
from penstock.connect.postgres.opening import Settings
from penstock.connect.postgres.system import PostgresSystem
from penstock.connect.sql.names import Target
from penstock.connect.sql.write import IfExists, WritePlan, write_query, write_table
from penstock.model.errors import QueryFailedError
from tests.wire import Wire

wire = Wire(int(sys.argv[1]))
replace = WritePlan(if_exists=IfExists.REPLACE)
with PostgresSystem(Settings(sys.argv[2], sys.argv[3], "not-a-secret", "127.0.0.1", wire.port)) as system:
    write_table(system, pa.table({"n": range(1000)}), Target("things"), replace)
    write_query(system, "SELECT n + 1 AS m FROM things", Target("more"), replace)
    print(system.result_names("SELECT m AS a, 'x' AS b FROM more"))
    print(system.query("SELECT sum(m)::int AS s FROM more").table.to_pylist())
    print(system.run("INSERT INTO more VALUES (7) RETURNING m").to_pylist())
    print(system.run("SHOW search_path") is not None)
    try:
        system.query("SELECT nothing FROM more")
    except QueryFailedError as error:
        print("nothing" in error.message)
    system.rollback()
    print(system.unique_keys(Target("more")), system.columns(Target("more")))
"""


def test_queries_come_through_threads_of_this_process(postgres_server: PostgresServer, postgres_database: str) -> None:
    # in a process of its own: where one call stands still, all threads of its process do, and no test could end
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(postgres_server.port), postgres_database, postgres_server.user],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "['a', 'b']",
        "[{'s': 500500}]",
        "[{'m': 7}]",
        "True",
        "True",
        "[] {'m': 'bigint'}",
    ], done.stderr

from penstock import custom
from penstock.sdk.io import ConfigFileLoader, Postgres

PROFILE = "default"
STATEMENTS = """
CREATE TABLE IF NOT EXISTS visits (day date PRIMARY KEY, visits integer NOT NULL);
CREATE INDEX IF NOT EXISTS visits_by_count ON visits (visits);
"""


@custom
def postgres_statements(*args, **kwargs):
    """Statements on PostgreSQL whose rows are not wanted: tables, indexes, deletes. All of them, or none."""
    with Postgres.with_config(ConfigFileLoader(profile=PROFILE)) as database:
        database.execute(STATEMENTS)
        database.commit()

"""SQL blocks: on an embedded DuckDB by default, or on the system of a profile.

What never lives here: drivers and write policies (`connect`).
Start reading at `runner`, then `embedded` and `database`.
"""

from penstock.languages.sql.runner import SqlRunner

RUNNER = SqlRunner()
"""What `languages.registry` hands to the worker."""

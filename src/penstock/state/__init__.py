"""The state store: the database of what has happened, and of what is to happen next.

Triggers as the files of the project declare them, runs and their blocks, backfills, held resources, alerts that are to
go out, the processes that take part. Any number of processes share it: SQLite for one machine, PostgreSQL beyond.
What should run is never decided here, and the files of the project are never read here; what a run tells in detail
(logs, events) stands in files, in `observe`. This package itself loads nothing: whoever imports `store` pays for
SQLAlchemy, and `penstock run` does not.

Start reading at `tables` (what is kept), then `store` (`open_state`, transactions), then a file of queries, `runs`.
"""

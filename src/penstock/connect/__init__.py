"""External systems: one folder per system, and the profiles of io_config.yaml that say how to reach them.

What never lives here: what block code imports by name (`sdk.io`), and anything that decides when to run.
Start reading at `profiles`, then `sql.system` (the protocol) and `duckdb` and `postgres` (its implementations).
"""

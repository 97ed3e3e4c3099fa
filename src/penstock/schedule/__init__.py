"""What runs next: triggers that are due, runs that are claimed and driven, backfills, limits, and why something waits.

What never lives here: HTTP, user code, SQL beyond the queries of `state`, how a block is executed. Start reading at
`core`, one turn of the scheduler; `service` is its thread, `requests` what others ask of it, `sync` what mirrors the
triggers of files into the state store.
"""

"""Runs that are asked for in the browser: started, told, interrupted; their records, their logs, why they failed.

What never lives here: decisions about a run, which `model.run` makes and `engine.loop` carries out. Start reading at
`service`; `pump` is how the run loop turns on the server's event loop.
"""

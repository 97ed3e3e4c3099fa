"""The command line: one file per verb, and the only place where implementations meet protocols (`wire`).

What never lives here: rules about runs, files or data. Start reading at `main`, then `run`.
"""

"""The clients that block code uses to read and write files, databases and services.

What never lives here: drivers and statements (`connect`). Start reading at `base` and `sql`, then `postgres`.
"""

"""Turns the facts of a run into logs and records that outlive it.

What never lives here: decisions about a run, anything that runs user code. Start reading at `record`.
"""

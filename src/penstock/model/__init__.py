"""Nouns and rules: ids, blocks, pipelines, graph algebra, the run state machine, messages and errors.

What never lives here: input and output, a clock, a third-party import, anything that knows how a noun is stored.
Start reading at `pipeline`, then `graph`, then `run`.
"""

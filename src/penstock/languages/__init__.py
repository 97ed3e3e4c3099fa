"""Run one block: one file or folder per language, behind the contract of `job`.

What never lives here: processes, storage of outputs, scheduling. Start reading at `job`, then `python`.
"""

"""Scratchpads: one session process each, which keeps what its cells have defined.

What never lives here: running code, which `engine.session` does in the session's own process. Start reading at
`service`.
"""

"""A shell in the browser: one process on a pseudo terminal for each socket, ended with it.

What never lives here: sharing. Nobody but the socket that started a shell sees a byte of it.
"""

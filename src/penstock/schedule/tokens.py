"""Tokens with which others start a trigger: made at random, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 24


def new_token() -> str:
    """A token that nobody guesses: 32 characters that fit into an address."""
    return secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> str:
    """What is kept of a token, and looked up by. Random tokens need neither salt nor a slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

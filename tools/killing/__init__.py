"""Real schedulers, forked from a warm parent, that are killed; what they work on, and what must hold afterwards."""

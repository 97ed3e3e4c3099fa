"""Schedulers in a world of one thread: a virtual clock, workers that are numbers, and faults drawn from a seed."""

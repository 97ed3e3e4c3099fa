"""Journeys: what a person does with the studio, in a real browser, on the wheel that a person installs.

A package, unlike its neighbours, so that its browser lives as long as its tests run in a process and no longer: while
Playwright runs, no other event loop can be started there.
"""

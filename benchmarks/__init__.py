"""Side by side: Penstock, the plain script that does the same, and Mage. `python -m benchmarks --help` starts them.

Nothing here is imported by Penstock or by its tests. Start reading at `measure`, then `suite`.
"""

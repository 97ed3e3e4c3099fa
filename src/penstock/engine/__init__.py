"""Brings runs to life: the run loop, the supervisor of worker processes, the worker, and the wire between them.

What never lives here: what a run should do next (`model.run` decides), the state store, pages, triggers. A worker
reaches nothing but its channel and the product store.

Start reading at `loop` for how a run is driven; at `supervisor` for how a block's process is started, bounded, watched
and ended; at `worker`, then `execution`, for what happens inside it.
"""

"""Data products: what blocks' outputs are stored as, versioned, published at once, read without a copy.

What lives here: the store, its manifests and fences, the codecs of each library, statistics, previews, retention,
export and comparison. What never lives here: running blocks, the state of runs, who may see what. Start reading at
`store`, then `draft` and `manifest`; `codecs.base` for how values are taken apart.

Importing this package imports no table library.
"""

from penstock.data.backend import Backend, Durability
from penstock.data.comparing import ProductDiff, diff
from penstock.data.draft import Draft
from penstock.data.exporting import export
from penstock.data.fingerprints import fingerprint
from penstock.data.manifest import Manifest, OutputEntry
from penstock.data.mapping import on_private_map, private_mapped_bytes
from penstock.data.paging import Filter, page
from penstock.data.retention import CleanPolicy, CleanReport
from penstock.data.store import ProductStore

__all__ = [
    "Backend",
    "CleanPolicy",
    "CleanReport",
    "Draft",
    "Durability",
    "Filter",
    "Manifest",
    "OutputEntry",
    "ProductDiff",
    "ProductStore",
    "diff",
    "export",
    "fingerprint",
    "on_private_map",
    "page",
    "private_mapped_bytes",
]

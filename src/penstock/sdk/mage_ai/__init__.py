"""The import names of Mage: thin modules over `penstock.sdk`, which the finder of `sdk.imports` serves.

What never lives here: any work. A module has the names that block code of real projects imports; docs/compatibility.md
lists them. Start reading at `data_preparation.decorators`.
"""

from penstock.sdk.nesting import run

__all__ = ["run"]

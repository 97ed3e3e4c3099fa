"""Where things lie below the store's root.

products/<pipeline>/<block>/<partition>/m/<8-digit number>.json     manifests: one for each version
products/<pipeline>/<block>/<partition>/m/.forced-<number>.json     marks of those that were forced later
products/<pipeline>/<block>/<partition>/d/<attempt>/output_0.arrow  data, named by manifests
products/<pipeline>/<block>/<partition>/address.json                the names in full
parts/<run>/<block>/<attempt>/<number>.json                         what a block has yielded and not published
runs/<run>/<block>.fence                                            who may publish
deferred/<boot>                                                     boots in which some were to be forced later
publishing.lock                                                     held shared by who publishes, alone by `clean`
"""

from __future__ import annotations

from penstock.data.naming import quote
from penstock.model.product import Address

PRODUCTS = "products"
GATE = "publishing.lock"
_DIGITS = 8


def address_key(address: Address) -> str:
    """The folder of an address."""
    return "/".join((PRODUCTS, quote(address.pipeline), quote(address.block), quote(address.partition)))


def manifest_key(address: Address, number: int) -> str:
    """The manifest of that number."""
    return numbered_key(address_key(address), number)


def numbered_key(folder: str, number: int) -> str:
    """The manifest of that number in the folder of an address."""
    return f"{folder}/m/{number:0{_DIGITS}d}.json"


def number_of(name: str) -> int | None:
    """The number of a manifest's file name; None for what is none."""
    stem, dot, ending = name.partition(".")
    return int(stem) if dot and ending == "json" and stem.isascii() and stem.isdigit() else None


def version_name(number: int, fingerprint: str) -> str:
    """The name of a version: its number and the start of its fingerprint."""
    return f"{number:0{_DIGITS}d}-{fingerprint[:8]}"


def version_number(version: str) -> int | None:
    """The number of a version's name; None for what is none."""
    stem = version.partition("-")[0]
    return int(stem) if stem.isascii() and stem.isdigit() else None

"""`python -m penstock` is `penstock`."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # Python looks for modules in the current folder first, which may be a project's: a json.py in it is not ours.
    if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()]:  # noqa: PTH109 - compared as text
        del sys.path[0]

    from penstock.cli.main import main

    main()

"""What a text must look like to count as a number, a date, an e-mail address and so on; each is matched in full."""

from __future__ import annotations

import re

NUMBER = re.compile(
    r"-?\s*(?:[$€£¥₹]|Rs|CAD)?\s*[0-9]*(?:,[0-9]+)*(?:\.[0-9]*)?\s*(?:[$€元]|CAD)?\s*%?",
)
"""A number with an optional currency before or after it, or a percentage; digits may be absent altogether."""

INTEGER = re.compile(r"-?\s*(?:[$€£¥₹]|Rs|CAD)?\s*[0-9]*(?:,[0-9]+)*(?:\.0*)?\s*(?:[$€元]|CAD)?")

DATE = re.compile(
    r"""
      [0-9]{2,4}-[0-9]{1,2}-[0-9]{1,2} (?: [Tt\ ] [0-9]{1,2}:[0-9]{1,2} .* )?       # 2024-01-31 10:30:00 UTC
    | [0-9]{1,2}[-/][0-9]{1,2}[-/][0-9]{1,4} (?: [Tt\ ] [0-9]{1,2}:[0-9]{1,2} .* )?  # 1/31/2024 10:30 AM
    | [0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,2}                                        # 2024/1/31
    | [A-Z][a-z]{2,8}\ [0-9]{1,2},?\ [0-9]{4} (?: \ [0-9]{1,2}:[0-9]{1,2} .* )?     # January 31, 2024
    """,
    re.VERBOSE,
)
EMAIL = re.compile(r"[\w.+#-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+", re.ASCII)
PHONE = re.compile(r"\+?[0-9]{0,3}[-. (]*[0-9]{3}[-. )]*[0-9]{3}[-. ]*[0-9]{4}(?: *x[0-9]+)?")
POSTCODE = re.compile(r"[0-9]{3,5}(?:[-\s][0-9]{4})?")
LIST = re.compile(r"[\[(].*[\])]")

PHONE_WORDS = ("phone", "landline")
"""A column can only hold phone numbers if its name has one of these in it."""

POSTCODE_WORDS = ("zip", "postal", "postcode")
"""A column can only hold post codes if its name has one of these in it."""

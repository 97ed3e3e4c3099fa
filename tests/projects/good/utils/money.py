from decimal import Decimal

import numpy as np
from good.utils import rounding

__all__ = ["Decimal", "np", "rounding"]

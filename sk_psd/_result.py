"""The results of functions that return several values by name."""

import numpy as np
from sklearn.utils import Bunch

__all__ = ["Result"]

# Arrays of more values are printed as their shape.
_FEW = 6


class Result(Bunch):
    """A Bunch that prints the shapes of its arrays instead of their values."""

    def __repr__(self):
        width = max(map(len, self), default=0)
        return "\n".join(f"{key:<{width}}  {_summarize(self[key])}" for key in self)

    __str__ = __repr__


def _summarize(value):
    """Return one line about a value."""
    if isinstance(value, np.ndarray):
        kind = f"{value.dtype} array of shape {value.shape}"
        if value.ndim == 1 and 0 < value.size <= _FEW:
            return f"{kind}: {np.array2string(value, max_line_width=1000)}"
        return kind
    if isinstance(value, dict):
        return f"{type(value).__name__} with {', '.join(map(str, value))}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}"
    if isinstance(value, str) and "\n" in value:
        return f"{value.strip().splitlines()[0]} ..."
    return repr(value.item() if isinstance(value, np.generic) else value)

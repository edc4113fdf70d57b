"""Progress bars of long computations, shown with `verbose` and not in workers."""

from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral

import numpy as np
from tqdm.auto import tqdm

from sk_psd._threads import in_worker

__all__ = ["advance", "check_verbose", "progress_bar"]

# The bar that the calling thread has open. A bar inside of another one is not shown.
_open_bar = ContextVar("_open_bar", default=None)


def check_verbose(verbose):
    """Raise an error unless a value is a bool or an int of at least 0.

    Parameters
    ----------
    verbose : bool or int

    Raises
    ------
    ValueError
        If `verbose` is something else.
    """
    if not isinstance(verbose, (Integral, np.bool_)) or verbose < 0:
        raise ValueError(
            "verbose must be a bool or an int of at least 0. Any value but 0 shows a "
            f"progress bar. Got {verbose!r}."
        )


@contextmanager
def progress_bar(total, *, unit, title, verbose):
    """Show a bar on stderr while the body runs, and close it also after an error.

    Workers of joblib, Ray and dask show none, as their bars would overwrite each other.

    Parameters
    ----------
    total : int
        Number of units of the whole computation.

    unit : str
        One of the units, such as "segment".

    title : str
        Text before the bar.

    verbose : bool or int
        Whether to show the bar.
    """
    if not verbose or _open_bar.get() is not None or in_worker():
        yield
        return
    in_thousands = total >= 10_000
    with tqdm(total=total, unit=unit, desc=title, unit_scale=in_thousands) as bar:
        token = _open_bar.set(bar)
        try:
            yield
        finally:
            _open_bar.reset(token)


def advance(n, unit):
    """Advance the open bar, if there is one with this unit.

    Parameters
    ----------
    n : int
        Number of units that are done. Those beyond the total do not count, as some
        units are computed twice.

    unit : str
    """
    bar = _open_bar.get()
    if bar is not None and bar.unit == unit:
        bar.update(min(n, bar.total - bar.n))

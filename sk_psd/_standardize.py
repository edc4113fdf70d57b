"""Mean and deviation of all training values, and rows standardized by them."""

import math

import numpy as np
import torch

from sk_psd._pages import is_mapped, read_rows, release_pages
from sk_psd._row_view import RowView

__all__ = ["find_mean_and_deviation", "standardize", "standardize_when_read"]

# Values in one part of the data, so that the memory for intermediate results is small.
_PART_VALUES = 2**17
# The mean and the deviation are sums over parts of this size. Another size would change
# their last bits.
_SUMMED_VALUES = 2**20


def _parts(X, n_values):
    """Return slices of successive rows, of about `n_values` values each."""
    n_rows = max(1, n_values // math.prod(X.shape[1:]))
    return (slice(first, first + n_rows) for first in range(0, len(X), n_rows))


def _to_double(part):
    """Return a copy in double precision."""
    is_tensor = isinstance(part, torch.Tensor)
    return part.to(torch.float64, copy=True) if is_tensor else part.astype(np.float64)


def _find_extremes(X):
    """Return the smallest and the largest of all values."""
    limits = []
    for rows in _parts(X, _SUMMED_VALUES):
        part = X[rows]
        limits.append((float(part.min()), float(part.max())))
        release_pages(part)
    low, high = zip(*limits, strict=True)
    return min(low), max(high)


def find_mean_and_deviation(X):
    """Return the mean and the standard deviation of all values, in double precision.

    Parameters
    ----------
    X : ndarray, Tensor or RowView of shape (n_samples, ...)
        Finite values of any magnitude.

    Returns
    -------
    mean : float

    deviation : float
        1.0 where all values are equal.
    """
    peak = max(map(abs, _find_extremes(X)))
    # A unit in which no square leaves the range of numbers.
    unit = 1.0 if peak == 0 or 1e-100 < peak < 1e100 else peak

    def average(change):
        def sum_of(rows):
            given = X[rows]
            part = _to_double(given)
            release_pages(given)
            if unit != 1.0:
                part /= unit
            change(part)  # in place, as new memory would cost time
            return float(part.sum())

        return math.fsum(map(sum_of, _parts(X, _SUMMED_VALUES))) / math.prod(X.shape)

    def square_distance(part):
        part -= mean
        part *= part

    mean = average(lambda part: None)
    deviation = math.sqrt(average(square_distance))
    return mean * unit, deviation * unit or 1.0


def standardize(X, mean, deviation, order=None):
    """Return ``(X - mean) / deviation`` as a tensor of float32.

    Parameters
    ----------
    X : ndarray, Tensor or RowView of shape (n_samples, ...)

    mean, deviation : float
        Mean and standard deviation of the training data.

    order : int64 ndarray of shape (n_rows,) or None, default=None
        The rows of `X` to return. None is all of them.

    Returns
    -------
    x : float32 Tensor of shape (n_rows, ...)
        On the device of `X`, or on the CPU.

    Raises
    ------
    ValueError
        If float32 cannot hold a result.
    """
    xp, device = (torch, X.device) if isinstance(X, torch.Tensor) else (np, "cpu")
    shape = (len(X) if order is None else len(order), *X.shape[1:])
    x = torch.empty(shape, dtype=torch.float32, device=device)
    # An array writes into the memory of the tensor: the results need no second copy.
    out = x if xp is torch else x.numpy()
    is_single = X.dtype.itemsize == 4
    # Single precision is short of numbers near its limits.
    needs_double = is_single and not (1e-30 < deviation < 1e30)
    for rows in _parts(x, _PART_VALUES):
        given = X[rows] if order is None else read_rows(X, order[rows])
        part = _to_double(given) if needs_double else given
        with np.errstate(over="ignore", invalid="ignore"):  # the error below says it
            if is_single and not needs_double:
                xp.subtract(part, mean, out=out[rows])
                out[rows] /= deviation
            else:
                out[rows] = (part - mean) / deviation
            is_finite = math.isfinite(out[rows].sum())  # quick, and enough where true
        release_pages(given)
        if not (is_finite or bool(torch.isfinite(x[rows]).all())):
            raise ValueError(
                "Values of X are too large for float32 after scaling by those of the "
                f"training data (mean {mean:.3g}, deviation {deviation:.3g}). Scale X "
                "as the training data were."
            )
    return x


def standardize_when_read(X, mean, deviation, device):
    """Return rows that are standardized when they are read, or a Tensor of all of them.

    Parameters
    ----------
    X : ndarray, Tensor or RowView of shape (n_samples, ...)

    mean, deviation : float
        Mean and standard deviation of the training data.

    device : torch.device
        Device of the rows.

    Returns
    -------
    x : StandardizedRows or float32 Tensor of the shape of `X`
        StandardizedRows if the device is the CPU and X has contiguous rows in memory
        or in a file.
        Otherwise a Tensor on the device.

    Raises
    ------
    ValueError
        If float32 cannot hold a result.
    """
    is_near = device.type == "cpu" and isinstance(X, (np.ndarray, RowView))
    if is_near and X[0].flags.c_contiguous:
        return StandardizedRows(X, mean, deviation)
    return standardize(X, mean, deviation).to(device)


class StandardizedRows:
    """Rows of an array, each standardized when it is read, without a copy of them all.

    Replaces the Tensor that :func:`standardize` returns, for code that reads rows only.
    The object has the shape, dtype and device of the Tensor, and ``rows[index]`` gives
    the same bits.

    Parameters
    ----------
    X : ndarray or RowView of shape (n_samples, ...)

    mean, deviation : float
        Mean and standard deviation of the training data.

    Raises
    ------
    ValueError
        If float32 cannot hold a result.
    """

    dtype = torch.float32
    device = torch.device("cpu")

    def __init__(self, X, mean, deviation):
        self.X, self.mean, self.deviation = X, mean, deviation
        self.shape, self.ndim = torch.Size(X.shape), X.ndim
        extremes = np.array([_find_extremes(X)], X.dtype)
        standardize(extremes, mean, deviation)  # raises now instead of during training

    @property
    def is_mapped(self):
        """Whether the rows lie in a mapped file, which may exceed the memory."""
        return isinstance(self.X, RowView) or is_mapped(self.X)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            return standardize(self.X[rows], self.mean, self.deviation)
        order = np.asarray(rows)
        x = standardize(self.X, self.mean, self.deviation, np.atleast_1d(order))
        return x if order.ndim else x[0]

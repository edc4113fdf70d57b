"""One mean and one deviation for all training values, and float32 tensors of both."""

import math

import numpy as np
import torch
from sklearn.utils import gen_batches

__all__ = ["find_mean_and_deviation", "standardize"]

# Values in one part of the data, so that the memory for intermediate results is small.
_PART_VALUES = 2**20


def _parts(X):
    return gen_batches(len(X), max(1, _PART_VALUES // math.prod(X.shape[1:])))


def _to_double(part):
    is_tensor = isinstance(part, torch.Tensor)
    return part.to(torch.float64) if is_tensor else part.astype(np.float64)


def find_mean_and_deviation(X):
    """Return the mean and the standard deviation of all values, in double precision.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, ...)
        Finite values of any magnitude.

    Returns
    -------
    mean : float

    deviation : float
        1.0 where all values are equal.
    """
    peak = max(abs(float(X.min())), abs(float(X.max())))
    # A unit in which no square leaves the range of numbers.
    unit = 1.0 if peak == 0 or 1e-100 < peak < 1e100 else peak

    def average(function):
        sums = (function(_to_double(X[rows]) / unit).sum() for rows in _parts(X))
        return math.fsum(float(part) for part in sums) / math.prod(X.shape)

    mean = average(lambda x: x)
    deviation = math.sqrt(average(lambda x: (x - mean) ** 2))
    return mean * unit, deviation * unit or 1.0


def standardize(X, mean, deviation):
    """Return ``(X - mean) / deviation`` as a tensor of float32.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, ...)

    mean, deviation : float
        Mean and standard deviation of the training data.

    Returns
    -------
    x : float32 Tensor of the shape of `X`
        On the device of `X`, or on the CPU.

    Raises
    ------
    ValueError
        If float32 cannot hold a result.
    """
    device = X.device if isinstance(X, torch.Tensor) else "cpu"
    x = torch.empty(tuple(X.shape), dtype=torch.float32, device=device)
    # An array writes into the memory of the tensor: the results need no second copy.
    out = x if isinstance(X, torch.Tensor) else x.numpy()
    # Single precision is short of numbers near its limits.
    needs_double = X.dtype.itemsize == 4 and not (1e-30 < deviation < 1e30)
    for rows in _parts(X):
        part = _to_double(X[rows]) if needs_double else X[rows]
        with np.errstate(over="ignore", invalid="ignore"):  # the error below says it
            out[rows] = (part - mean) / deviation
            is_finite = math.isfinite(out[rows].sum())  # quick, and enough where true
        if not (is_finite or bool(torch.isfinite(x[rows]).all())):
            raise ValueError(
                "Values of X are too large for float32 after scaling by those of the "
                f"training data (mean {mean:.3g}, deviation {deviation:.3g}). Scale X "
                "as the training data were."
            )
    return x

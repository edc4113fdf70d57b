"""Lists of signals that may have unequal lengths."""

import numpy as np
import torch

from sk_psd._arrays import tensor_to_ndarray

__all__ = ["as_signal_list", "remember_lengths", "split_into_runs"]


def as_signal_list(X):
    """Return signals that come as a list of arrays, or None if X is something else.

    Parameters
    ----------
    X : object
        A list or a tuple of arrays or Tensors of shape (n_times,) or (n_channels,
        n_times) is a list of signals. So is a series or an array whose cells hold
        arrays of unequal lengths. A list of lists of numbers is not.

    Returns
    -------
    rows : list of ndarray or None
        At least one array, of any type. All have one or all have two axes.

    Raises
    ------
    ValueError
        If some arrays have one axis and others two, or if the numbers of channels are
        unequal.
    """
    rows = X if isinstance(X, (list, tuple)) else _read_unequal_cells(X)
    if not len(rows) or not all(
        isinstance(row, (np.ndarray, torch.Tensor)) and row.ndim in (1, 2)
        for row in rows
    ):
        return None
    rows = [np.asarray(tensor_to_ndarray(row)) for row in rows]
    fronts = [row.shape[:-1] for row in rows]
    for i, front in enumerate(fronts):
        if front != fronts[0]:
            raise ValueError(
                "All signals of a list must have one axis, or as many channels as the "
                f"first one. X[0] has shape {rows[0].shape} and X[{i}] has shape "
                f"{rows[i].shape}. A signal in channels is of shape (n_channels, "
                "n_times): pass x.T where time is the first axis."
            )
    return rows


def _read_unequal_cells(X):
    """Return the arrays in the cells of X if their lengths are unequal."""
    if str(getattr(X, "dtype", None)) != "object" or X.ndim != 1:
        return []
    cells = list(X)
    # Cells of one length become an array elsewhere.
    lengths = {np.shape(c) for c in cells if isinstance(c, np.ndarray) and c.ndim == 1}
    return cells if len(lengths) > 1 else []


def split_into_runs(rows, n_values):
    """Return slices of rows that follow each other and have one shape and one type.

    Parameters
    ----------
    rows : list of ndarray

    n_values : int
        Values in the rows of a slice at most, unless it is a single row.

    Returns
    -------
    runs : list of slice
    """
    runs, start = [], 0
    for i, row in enumerate(rows):
        first = rows[start]
        alike = row.shape == first.shape and row.dtype == first.dtype
        if i > start and not (alike and (i + 1 - start) * row.size <= n_values):
            runs.append(slice(start, i))
            start = i
    return [*runs, slice(start, len(rows))]


def remember_lengths(estimator, rows):
    """Set `n_features_in_` to the length of all signals, or delete it without one.

    Parameters
    ----------
    estimator : estimator object
        Loses its `feature_names_in_`, as a list has no names.

    rows : list of ndarray
    """
    lengths = {row.shape[-1] for row in rows}
    for name in ("n_features_in_", "feature_names_in_"):
        vars(estimator).pop(name, None)
    if len(lengths) == 1:
        estimator.n_features_in_ = lengths.pop()

"""Some rows of a mapped file, which are read when they are needed."""

import numpy as np

from sk_psd._pages import is_mapped, read_rows

__all__ = ["RowView", "select_rows"]


def select_rows(X, rows):
    """Return some rows of X, without a copy if X lies in a mapped file.

    Parameters
    ----------
    X : ndarray, Tensor or RowView of shape (n_samples, ...)

    rows : int64 ndarray of shape (n_rows,) or bool ndarray of shape (n_samples,)

    Returns
    -------
    taken : ndarray, Tensor or RowView of shape (n_rows, ...)
    """
    if isinstance(X, RowView):
        return RowView(X.X, X.rows[rows])
    if is_mapped(X) and X.ndim > 1:
        return RowView(X, np.arange(len(X))[rows])
    return X[rows]


class RowView:
    """Some rows of an array in a mapped file, in any order.

    ``view[index]`` reads rows, as an array of them would return them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)

    rows : int64 ndarray of shape (n_rows,)
    """

    def __init__(self, X, rows):
        self.X, self.rows = X, rows
        self.shape, self.ndim, self.dtype = (len(rows), *X.shape[1:]), X.ndim, X.dtype

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        rows = self.rows[index]
        return read_rows(self.X, rows) if np.ndim(rows) else self.X[rows]

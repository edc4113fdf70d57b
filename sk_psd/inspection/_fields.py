"""Receptive fields: the bins that each value of the last maps of a net depends on."""

import numpy as np
from scipy import sparse

__all__ = ["find_field", "spread_over_fields"]


def find_field(windows):
    """Return the receptive field of stacked layers along one axis.

    Parameters
    ----------
    windows : list of (kernel_size, stride, padding)
        Sizes of the layers.

    Returns
    -------
    size : int
        Number of bins that one value of the output depends on.

    stride : int
        Bins from the field of one value to that of the next.

    start : int
        First bin of the field of the first value. Negative where it begins in the
        padding.
    """
    size, step, start = 1, 1, 0
    for kernel_size, stride, padding in windows:
        size += (kernel_size - 1) * step
        start -= padding * step
        step *= stride
    return size, step, start


def spread_over_fields(windows, n_out, n_bins, wraps):
    """Return the matrix that spreads each value evenly over its receptive field.

    Parameters
    ----------
    windows : list of (kernel_size, stride, padding)
        Sizes of the layers.

    n_out : int
        Number of values.

    n_bins : int
        Length of the axis.

    wraps : bool
        Whether the axis is circular. Otherwise the parts of the fields beyond the ends
        of the axis are left out.

    Returns
    -------
    matrix : sparse array of shape (n_out, n_bins)
        The mean of each row is 1: the mean over all bins of ``values @ matrix`` is the
        sum of the values.
    """
    size, stride, start = find_field(windows)
    rows, columns, weights = [], [], []
    for i in range(n_out):
        bins = np.arange(size) + i * stride + start
        if wraps:
            bins %= n_bins
        else:
            inside = bins[(bins >= 0) & (bins < n_bins)]
            # A whole field may lie in the padding. The next bin stands for it.
            bins = inside if len(inside) else np.clip(bins[:1], 0, n_bins - 1)
        rows.append(np.full(len(bins), i))
        columns.append(bins)
        weights.append(np.full(len(bins), n_bins / len(bins)))
    entries = np.concatenate(rows), np.concatenate(columns)
    return sparse.coo_array(
        (np.concatenate(weights), entries), shape=(n_out, n_bins)
    ).tocsr()

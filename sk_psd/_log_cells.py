"""The cells around the frequencies of a logarithmic axis."""

import numpy as np

__all__ = ["find_cells"]


def find_cells(freqs, targets):
    """Return the bins of the cells around the frequencies of a logarithmic axis.

    Two cells meet at the geometric mean of their frequencies. Cells grow along the
    axis, so the first ones are narrower than a bin.

    Parameters
    ----------
    freqs : float64 ndarray of shape (n_bins,)
        Frequencies of the bins, equally spaced and ascending.

    targets : float64 ndarray of shape (n_freqs,)
        Frequencies of the logarithmic axis, a constant factor apart.

    Returns
    -------
    left : int ndarray of shape (n_narrow,)
        For each cell narrower than a bin, the bin below its frequency.

    part : float64 ndarray of shape (n_narrow,)
        Distance of the frequency from this bin, in bins, from 0 to 1.

    edges : int ndarray of shape (n_wide + 1,)
        First bins of the other cells, and the end of the last one. Empty if all cells
        are narrow.
    """
    step = (freqs[-1] - freqs[0]) / (len(freqs) - 1)
    ratio = np.log(targets[-1] / targets[0]) / (len(targets) - 1)
    if not np.isfinite(ratio):  # where the first target is a denormal number
        ratio = (np.log(targets[-1]) - np.log(targets[0])) / (len(targets) - 1)
    edges = np.log(targets[0]) + ratio * (np.arange(len(targets) + 1) - 0.5)
    edges = (np.exp(edges) - freqs[0]) / step
    n_narrow = int(np.sum(np.diff(edges) < 1))
    first = np.ceil(edges[n_narrow:]).clip(0, len(freqs)).astype(int)

    position = ((targets[:n_narrow] - freqs[0]) / step).clip(0, len(freqs) - 1)
    left = position.astype(int).clip(0, len(freqs) - 2)
    part = position - left
    return left, part, first if n_narrow < len(targets) else first[:0]

"""The plan of InvariantFeatures: filters, octaves, ranks and pairs of coefficients."""

import numpy as np

__all__ = [
    "DECADES",
    "FILTERS",
    "LEAST_MAGNITUDE",
    "choose_ranks",
    "list_pairs",
    "split_into_octaves",
]

# The filters, by name: the weights of a bin and of its neighbors. They are sums of two
# or three rolled copies.
FILTERS = {
    "value": {0: 1},
    "slope": {-1: -1, 1: 1},
    "curvature": {-1: -1, 0: 2, 1: -1},
    "wide_curvature": {-2: -1, 0: 2, 2: -1},
    "third_difference": {-2: -1, -1: 2, 1: -2, 2: 1},
}

# Spectra of at least this length are halved, by means of two neighbors, until they are
# shorter. A sort of more bins takes long and adds little information.
_FEW_BINS = 2048

# The coarsest octave has at least so many bins.
_LEAST_BINS = 4

# A scaled level of 1 stands for this many decades of power: the range of the spectra,
# which is unknown after the scaling to [0, 1], is taken for 30 dB.
DECADES = 3.0

# Added to magnitudes before the logarithm, so that small ones do not add noise.
LEAST_MAGNITUDE = 1e-4


def split_into_octaves(x, n_octaves, halve):
    """Yield the level and the means of ``2**level`` bins of each of the octaves.

    Parameters
    ----------
    x : ndarray, or another object with a shape, of shape (..., n_freqs)

    n_octaves : int
        Largest number of octaves.

    halve : callable
        Returns the means of pairs of neighboring bins.

    Yields
    ------
    level : int

    octave : object like `x`
    """
    level = 0
    while x.shape[-1] >= _FEW_BINS:
        x, level = halve(x), level + 1
    for octave in range(n_octaves):
        if octave and x.shape[-1] < _LEAST_BINS:
            return
        yield level, x
        if x.shape[-1] == 1:
            return
        x, level = halve(x), level + 1


def choose_ranks(n, n_ranks):
    """Return ascending places among n sorted values, close together at the ends."""
    below = np.linspace(0, 1, int(n_ranks)) ** 3 / 2
    return np.unique(np.round((n - 1) * np.r_[below, 1 - below]).astype(int))


def list_pairs(n):
    """Return all i and j with ``1 <= i <= j`` and ``i + j <= n``."""
    pairs = [(i, j) for i in range(1, n) for j in range(i, n - i + 1)]
    return np.array(pairs, dtype=int).reshape(-1, 2).T

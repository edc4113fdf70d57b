"""Memory maps keep the user's values when their pages are released."""

import mmap

import numpy as np
import pytest

from sk_psd import Spectrogram, WelchPSD
from sk_psd._pages import release_pages
from sk_psd.spectral import welch

VALUES = 1 + np.random.default_rng(0).random((4, 1024))


def private_copy(tmp_path, kind):
    """Return an array in a memory map of some kind, with values written by the user."""
    path = tmp_path / "signals.bin"
    np.zeros_like(VALUES).tofile(path)
    if kind == "anonymous":
        mapped = mmap.mmap(-1, VALUES.nbytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANON)
        X = np.ndarray(VALUES.shape, buffer=mapped)
    elif kind == "copy on write":
        with open(path, "r+b") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        X = np.ndarray(VALUES.shape, buffer=mapped)
    else:
        X = np.memmap(path, VALUES.dtype, kind, shape=VALUES.shape)
    X[:] = VALUES
    return X


@pytest.mark.parametrize("kind", ["anonymous", "copy on write", "c", "r+", "w+"])
@pytest.mark.parametrize("view", [lambda X: X, lambda X: X[::-1], lambda X: X[1:, 5:]])
def test_arrays_in_memory_maps_keep_their_values(kind, view, tmp_path):
    X = private_copy(tmp_path, kind)
    signals = view(X)
    WelchPSD(nperseg=64).fit(signals)
    WelchPSD(nperseg=64, n_jobs=2).fit_transform(signals)
    Spectrogram(nperseg=64).fit_transform(signals)
    welch(signals, nperseg=64)
    release_pages(signals)
    np.testing.assert_array_equal(X, VALUES)

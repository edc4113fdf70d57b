"""Bridging of bins that hold lines which do not belong to the signals."""

from numbers import Real

import numpy as np
import torch
from scipy import fft

from sk_psd._numbers import as_float

__all__ = ["Notch"]

# Padding factor of the FFT of the window, to find the edge of its main lobe.
_PADDING = 8


class Notch:
    """Bins to bridge, and the neighbors that give their new levels.

    Parameters
    ----------
    notch : list of float or (float, float), or float
        Frequencies or pairs (low, high), in Hz. A frequency stands for the main lobe of
        the window around it.

    freqs : ndarray of shape (n_freqs,)
        Frequencies of the spectra in Hz, equally spaced and ascending.

    fs : float
        Sampling frequency, in Hz.

    window : ndarray of shape (nperseg,)
        Window of the segments, at any scale.

    onesided : bool
        Whether the whole axis, before cropping by `fmin` and `fmax`, starts at 0 Hz.
        Else it starts at ``-fs / 2``.

    Raises
    ------
    ValueError
        If `notch` is invalid, lies outside of the axis or leaves no bin.
    """

    def __init__(self, notch, freqs, *, fs, window, onesided):
        step = freqs[1] - freqs[0] if len(freqs) > 1 else fs
        # The two ends of a complete two-sided axis are neighbors.
        is_circle = not onesided and abs(len(freqs) * step - fs) < step / 2
        inside = np.zeros(len(freqs), bool)
        half_width = None
        for item in _list_items(notch):
            low, high = _check_item(item, fs, onesided)
            if isinstance(item, Real):
                if half_width is None:
                    half_width = _half_lobe_width(window) * fs
                distance = np.abs(freqs - low)
                if is_circle:
                    distance = np.minimum(distance, fs - distance)
                # A line leaves no power at the edges of the lobe.
                inside |= distance < half_width - 1e-6 * step
            else:
                tolerance = 1e-6 * step
                in_pair = (freqs >= low - tolerance) & (freqs <= high + tolerance)
                if not in_pair.any() and freqs[0] <= low and high <= freqs[-1]:
                    raise ValueError(
                        f"notch: no bin lies between {low} and {high} Hz, as the bins "
                        f"are {step:g} Hz apart. Pass a wider pair, or one number for "
                        "the main lobe of the window."
                    )
                inside |= in_pair
        if inside.all():
            raise ValueError(
                f"notch (={notch!r}) leaves none of the {len(freqs)} bins to bridge "
                "from. Choose narrower ranges or a longer nperseg."
            )
        self._runs = _find_runs(inside, is_circle)

    def bridge(self, psd, axis=-1):
        """Replace the powers in the notches, in place.

        The new levels lie on a straight line in decibels between the two neighbors of a
        run of bins.

        Parameters
        ----------
        psd : ndarray or Tensor
            Powers of at least 0.

        axis : int, default=-1
            Axis of the frequencies.
        """
        psd = psd.swapaxes(axis, -1)
        for inside, left, right, weight in self._runs:
            if isinstance(psd, torch.Tensor):
                weight = torch.from_numpy(weight).to(psd)
                inside = torch.from_numpy(inside).to(psd.device)
            else:
                weight = weight.astype(psd.dtype)
            # A line in decibels is a weighted geometric mean of the powers, which needs
            # no logarithm of zero.
            before = psd[..., left : left + 1] ** (1 - weight)
            psd[..., inside] = before * psd[..., right : right + 1] ** weight


def _find_runs(inside, is_circle):
    """Return the runs of neighboring bins to bridge.

    Parameters
    ----------
    inside : bool ndarray of shape (n_freqs,)
        Which bins to bridge.

    is_circle : bool
        Whether the first and the last bin are neighbors.

    Returns
    -------
    runs : list of tuple
        For each run: an int ndarray of its bins, the left and the right neighbor, and
        an ndarray of the weights of the right neighbor.
    """
    n_bins = len(inside)
    # Start at a bin that stays, so that no run crosses the end of a circle.
    first = int(np.flatnonzero(~inside)[0]) if is_circle else 0
    order = (first + np.arange(n_bins)) % n_bins
    flags = np.concatenate([[False], inside[order], [False]]).astype(int)
    starts, stops = (np.flatnonzero(np.diff(flags) == s) for s in (1, -1))
    runs = []
    for start, stop in zip(starts, stops, strict=True):
        left, right = start - 1, stop
        if is_circle:
            right %= n_bins
        else:  # at an end of the axis there is one neighbor
            left = right if left < 0 else left
            right = left if right == n_bins else right
        weight = np.arange(1, stop - start + 1) / (stop - start + 1)
        runs.append((order[start:stop], int(order[left]), int(order[right]), weight))
    return runs


def _list_items(notch):
    """Return the frequencies and pairs of a notch as a list or a tuple."""
    items = [notch] if isinstance(notch, Real) else notch
    if isinstance(items, np.ndarray):
        items = items.tolist()
    if not isinstance(items, (list, tuple)):
        raise ValueError(
            "notch must be a list of frequencies or pairs (low, high) in Hz, or None. "
            f"Got {notch!r} instead."
        )
    return items


def _check_item(item, fs, onesided):
    """Return the lowest and highest frequency of one entry, or raise an error."""
    pair = (item, item) if isinstance(item, Real) else item
    try:
        low, high = map(as_float, pair) if isinstance(pair, (list, tuple)) else pair
        is_valid = -np.inf < low <= high < np.inf
    except (TypeError, ValueError, OverflowError):
        is_valid = False
    if not is_valid:
        raise ValueError(
            "notch must hold finite frequencies or pairs (low, high) with low <= high, "
            f"in Hz. Got {item!r} among them."
        )
    lowest = 0.0 if onesided else -fs / 2
    if low < lowest or high > fs / 2:
        hint = "; for negative ones use return_onesided=False" if low < 0 else ""
        raise ValueError(
            f"notch must lie on the axis from {lowest:g} to {fs / 2:g} Hz{hint}. Got "
            f"{item!r}."
        )
    return low, high


def _half_lobe_width(window):
    """Return half the width of the main lobe of a window, in cycles per sample."""
    nfft = _PADDING * len(window)
    magnitude = np.abs(fft.rfft(window, nfft))
    rises = np.flatnonzero(np.diff(magnitude) >= 0)
    return max(1, rises[0] if len(rises) else len(magnitude)) / nfft

"""Bridge bins of spectra that hold lines which do not belong to the signal."""

from numbers import Real

import numpy as np
import torch
from scipy import fft

from sk_psd._numbers import as_float

__all__ = ["Notch"]

# Values of the window's transform from one bin of its length to the next.
_FINENESS = 8


class Notch:
    """Which bins to bridge, and from which neighbors.

    Parameters
    ----------
    notch : list of float or (float, float), or float
        Frequencies or ranges of them, in Hz.

    freqs : ndarray of shape (n_freqs,)
        Equally spaced frequencies of the spectra, ascending, in Hz.

    fs : float
        Sampling frequency, in Hz.

    window : ndarray of shape (nperseg,)
        Window of the segments, in the time domain.

    onesided : bool
        Whether the axis, before it was cropped, runs from 0 instead of ``-fs / 2``.
    """

    def __init__(self, notch, freqs, *, fs, window, onesided):
        self._runs = []
        step = freqs[1] - freqs[0] if len(freqs) > 1 else fs
        # An axis that is complete and two-sided is a circle.
        circle = not onesided and abs(len(freqs) * step - fs) < step / 2
        inside = np.zeros(len(freqs), bool)
        lobe = None
        for item in _list_items(notch):
            low, high = _check_item(item, fs, onesided)
            if isinstance(item, Real):
                lobe = _find_lobe(window) * fs if lobe is None else lobe
                distance = np.abs(freqs - low)
                if circle:
                    distance = np.minimum(distance, fs - distance)
                inside |= distance < lobe - 1e-6 * step
            else:
                tiny = 1e-6 * step
                these = (freqs >= low - tiny) & (freqs <= high + tiny)
                if not these.any() and freqs[0] <= low and high <= freqs[-1]:
                    raise ValueError(
                        f"notch: no bin lies between {low} and {high} Hz, as the bins "
                        f"are {step:g} Hz apart. Pass a wider pair, or one number for "
                        "the main lobe of the window."
                    )
                inside |= these
        if inside.all():
            raise ValueError(
                f"notch (={notch!r}) leaves none of the {len(freqs)} bins to bridge "
                "from. Choose narrower ranges or a longer nperseg."
            )
        self._find_runs(inside, circle)

    def _find_runs(self, inside, circle):
        n_bins = len(inside)
        # Start behind a bin that stays, so that no run is cut by the end of a circle.
        first = int(np.flatnonzero(~inside)[0]) if circle else 0
        order = (first + np.arange(n_bins)) % n_bins
        flags = np.concatenate([[False], inside[order], [False]]).astype(int)
        starts, stops = (np.flatnonzero(np.diff(flags) == s) for s in (1, -1))
        for start, stop in zip(starts, stops, strict=True):
            left, right = start - 1, stop
            if circle:
                right %= n_bins
            else:  # at an end of the axis there is one neighbor
                left = right if left < 0 else left
                right = left if right == n_bins else right
            weight = np.arange(1, stop - start + 1) / (stop - start + 1)
            run = order[start:stop], int(order[left]), int(order[right]), weight
            self._runs.append(run)

    def bridge(self, psd, axis=-1):
        """Write into the bins of each notch what a line in decibels would be there.

        Parameters
        ----------
        psd : ndarray or Tensor
            Powers, none negative. Changed in place.

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
            # A line in decibels is a product of powers, which knows no log of zero.
            before = psd[..., left : left + 1] ** (1 - weight)
            psd[..., inside] = before * psd[..., right : right + 1] ** weight


def _list_items(notch):
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
    """Return the lowest and highest frequency of one entry."""
    pair = (item, item) if isinstance(item, Real) else item
    try:
        low, high = map(as_float, pair) if isinstance(pair, (list, tuple)) else pair
        good = -np.inf < low <= high < np.inf
    except (TypeError, ValueError, OverflowError):
        good = False
    if not good:
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


def _find_lobe(window):
    """Return half of the width of a window's main lobe, in cycles per sample."""
    size = _FINENESS * len(window)
    level = np.abs(fft.rfft(window, size))
    rises = np.flatnonzero(np.diff(level) >= 0)
    return max(1, rises[0] if len(rises) else len(level)) / size

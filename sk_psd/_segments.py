"""The plan of Welch's method: sizes of the segments, scaled window and frequencies."""

from functools import lru_cache
from numbers import Real

import numpy as np
from scipy import signal

from sk_psd._arguments import check_flag, check_option
from sk_psd._numbers import as_int, as_limit, as_rate, rounding

__all__ = ["Segments"]


class Segments:
    """Sizes of the segments of signals, their window and the frequencies to keep.

    The plan depends on the parameters and the length of the signals, not on their
    values. A fitted transformer keeps it, so it is pickled with the transformer.

    Parameters
    ----------
    n_times : int
        Length of the signals, in samples.

    fs, window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, fmin, fmax
        As in :class:`sk_psd.WelchPSD`.

    omit_nan : bool, default=False
        Whether to leave segments with NaN out of the averages.

    Attributes
    ----------
    nperseg, nfft : int
        Length of a segment and of its FFT, in samples.

    step : int
        Samples from the start of one segment to the start of the next.

    n_segments : int
        Number of segments of a signal. Samples after the last whole segment are in no
        segment.

    window : float64 ndarray of shape (nperseg,)
        Window, scaled by `fs` and `scaling`: the squared magnitude of the FFT of a
        windowed segment is a power in the unit of the result. Read-only by agreement,
        as signals of one length share it.

    bins : int ndarray of shape (n_freqs,)
        The frequencies kept, as multiples of ``fs / nfft``, in ascending order.

    freqs : float64 ndarray of shape (n_freqs,)
        The frequencies kept, in Hz, in ascending order.

    has_all_freqs : bool
        Whether `fmin` and `fmax` leave all frequencies.

    empty_bin : int or None
        Index into `freqs` of 0 Hz, if window and `detrend` leave no power there.

    detrend, onesided, omit_nan
        As passed.

    Raises
    ------
    ValueError
        If a parameter is invalid or does not fit the length of the signals.
    """

    def __init__(
        self,
        n_times,
        fs=1.0,
        *,
        window="hann",
        nperseg=None,
        noverlap=None,
        nfft=None,
        detrend="constant",
        return_onesided=True,
        scaling="density",
        fmin=None,
        fmax=None,
        omit_nan=False,
    ):
        # The functions `welch` and `spectrogram` have no other check of these. The
        # transformers check them before by their `_parameter_constraints`.
        fs_rounding, fs = rounding(fs), as_rate(fs)
        _check_detrend(detrend)
        check_option("scaling", scaling, ("density", "spectrum"))
        check_flag("return_onesided", return_onesided)
        nperseg = _check_length("nperseg", nperseg, low=1)
        noverlap = _check_length("noverlap", noverlap, low=0)
        nfft = _check_length("nfft", nfft, low=1)

        self.nperseg = _find_nperseg(n_times, window, nperseg)
        self.nfft = self.nperseg if nfft is None else nfft
        if self.nfft < self.nperseg:
            raise ValueError(
                f"nfft (={nfft}) must be at least nperseg (={self.nperseg}), or None."
            )
        noverlap = self.nperseg // 2 if noverlap is None else noverlap
        if noverlap >= self.nperseg:
            raise ValueError(
                f"noverlap (={noverlap}) must be less than nperseg (={self.nperseg})."
            )
        self.step = self.nperseg - noverlap
        self.n_segments = self.count(n_times)
        self.detrend = detrend
        self.onesided = return_onesided
        self.omit_nan = omit_nan

        scale_window = _scale_named_window if isinstance(window, str) else _scale_window
        self.window, is_flat = scale_window(window, self.nperseg, fs, scaling)
        if return_onesided:
            bins = np.arange(self.nfft // 2 + 1)
        else:
            bins = np.arange(-(self.nfft // 2), (self.nfft + 1) // 2)
        # Where fs is whole, each frequency is rounded once. None may exceed fs / 2.
        freqs = (bins * fs / self.nfft).clip(-fs / 2, fs / 2)
        self.has_all_freqs = True
        if fmin is not None or fmax is not None:
            kept = _find_band(freqs, fmin, fmax, fs_rounding)
            self.has_all_freqs = bool(kept.all())
            freqs, bins = freqs[kept], bins[kept]
        self.bins, self.freqs = bins, freqs
        # With a flat window the FFT at 0 Hz is the sum of the segment, which is 0 once
        # its mean is subtracted.
        self.empty_bin = None
        if detrend in ("constant", "linear") and is_flat and 0 in bins:
            self.empty_bin = int(np.flatnonzero(bins == 0)[0])

    def count(self, n_times):
        """Return the number of segments of a signal of this length."""
        return (n_times - self.nperseg) // self.step + 1


def _check_detrend(detrend):
    # A class is callable too, but returns no segments.
    is_function = callable(detrend) and not isinstance(detrend, type)
    is_name = isinstance(detrend, str) and detrend in ("constant", "linear")
    if not (detrend is False or is_function or is_name):
        raise ValueError(
            "detrend must be 'constant', 'linear', False or a function. Got "
            f"{detrend!r}."
        )


def _check_length(name, value, low):
    """Return a length in samples as an int, or None for None."""
    if value is None:
        return None
    try:
        length = as_int(value)
    except (TypeError, ValueError, OverflowError):
        length = low - 1
    if length < low:
        raise ValueError(
            f"{name} must be an int of at least {low}, or None. Got {value!r}."
        )
    return length


def _find_band(freqs, fmin, fmax, fs_rounding):
    """Return a mask of the frequencies from `fmin` to `fmax`.

    A limit that a user computes may be rounded otherwise than the frequency it means.
    The tolerance of a limit is the rounding error of its own type and of that of `fs`.
    """
    kept = np.ones(len(freqs), bool)
    for name, limit, sign in [("fmin", fmin, 1), ("fmax", fmax, -1)]:
        if limit is not None:
            value = as_limit(name, limit)
            tolerance = abs(value) * (rounding(limit) + fs_rounding)
            tolerance = tolerance if np.isfinite(value) else 0
            kept &= sign * (freqs - value) >= -tolerance
    if not kept.any():
        raise ValueError(
            f"No frequency lies between fmin (={fmin}) and fmax (={fmax}). The "
            f"axis runs from {freqs[0]} to {freqs[-1]} Hz in {len(freqs)} bins."
        )
    return kept


def _has_name(window):
    """Return whether SciPy makes the window, and it is not given value by value."""
    return isinstance(window, (str, tuple, Real)) and not isinstance(window, bool)


def _find_nperseg(n_times, window, nperseg):
    """Return the length of a segment: as passed, of the window array, or 256."""
    if not _has_name(window):
        window = np.asarray(window)
        is_valid = window.ndim == 1 and window.dtype.kind in "fiu"
        if not (is_valid and (window != 0).any() and np.isfinite(window).all()):
            raise ValueError(
                "A window given as an array must be one-dimensional, real, finite and "
                f"not all zero. Got shape {window.shape} of {window.dtype}."
            )
        if nperseg not in (None, len(window)):
            raise ValueError(
                f"nperseg (={nperseg}) must be the length of the window array "
                f"(={len(window)}) or None."
            )
        nperseg = len(window)
    if nperseg is None:
        return min(256, n_times)
    if nperseg > n_times:
        raise ValueError(
            f"nperseg (={nperseg}) must not exceed the length of the signals "
            f"(n_times = {n_times}). Choose a shorter nperseg, or None."
        )
    return nperseg


def _make_window(window, nperseg):
    """Return the values of a window that SciPy makes."""
    try:
        given = float(window) if isinstance(window, Real) else window
        values = signal.get_window(given, nperseg)
        if values.shape != (nperseg,) or not np.isfinite(values).all():
            raise ValueError("its values are not finite")
    except (TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise ValueError(
            "window must be a window of scipy.signal.get_window, such as 'hann' or "
            "('kaiser', 8.0), or a list or an array of its values. Got window="
            f"{window!r}: {error}"
        ) from error
    return values


def _scale_window(window, nperseg, fs, scaling):
    """Return the window, scaled so that squares are powers, and whether it is flat."""
    if _has_name(window):
        window = _make_window(window, nperseg)
    window = np.asarray(window, dtype=np.float64)
    # The scale of the given values has no effect. A power of 2 changes no digit, and
    # keeps the squares from overflow.
    window = np.ldexp(window, -np.frexp(np.abs(window).max())[1])
    # A dot product would start the threads of the linear algebra library.
    squares, total = (window * window).sum(), window.sum()
    is_flat = 1 - total**2 / (len(window) * squares) < 1e-9
    if scaling == "density":
        return window / np.sqrt(fs * squares), is_flat
    if abs(total) <= 4 * np.finfo(float).eps * np.abs(window).sum():
        raise ValueError("With scaling='spectrum' the window must not sum to zero.")
    return window / abs(total), is_flat


# For short signals the window takes longer than the spectra, so the last ones are kept.
_scale_named_window = lru_cache(maxsize=4)(_scale_window)

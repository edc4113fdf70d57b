"""Frequency shifts of complex signals by mixing and of real ones by one sideband."""

import warnings

import numpy as np
from scipy import fft, signal, stats
from sklearn.utils import gen_batches

from sk_psd._arrays import check_result

__all__ = [
    "find_floor",
    "find_line",
    "power_of_two",
    "shift_signals",
    "warn_of_drift",
]

# Number of values in one chunk of rows. A chunk is computed in double precision.
_CHUNK_VALUES = 2**20

# The share of the bins of a spectrum that lies below its floor.
_FLOOR_QUANTILE = 0.01


def shift_signals(X, shift, *, fill, offset, rng):
    """Shift each signal in frequency.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Signals, float or complex.

    shift : ndarray of shape (n_samples,)
        Shift of each signal, in cycles per sample.

    fill : {"noise"} or None

    offset : {"move", "remove", "stay"}
        As in :func:`sk_psd.signals.shift_frequency`.

    rng : numpy.random.RandomState or numpy.random.Generator
        Source of the noise.

    Returns
    -------
    moved : ndarray of the shape and type of `X`

    Raises
    ------
    ValueError
        If finite signals are so large that the result is not finite.
    """
    moved = np.empty(X.shape, X.dtype)
    for rows in _chunks(X):
        part = _double(X[rows])
        scale = power_of_two(part)
        part = part / scale
        # Drawn also for signals that need none: one seed then gives a signal the same
        # noise at every shift.
        noise = rng.standard_normal(part.shape) if np.isrealobj(X) and fill else None
        line = 0.0 if offset == "move" else find_line(part)
        with np.errstate(over="ignore", invalid="ignore"):  # checked below
            shifted = _shift(part - line, shift[rows], noise, offset == "move")
            shifted += line if offset == "stay" else 0.0
            is_unchanged = (shift[rows] == 0).reshape(-1, *[1] * (X.ndim - 1))
            moved[rows] = np.where(is_unchanged, part, shifted) * scale
    check_result("shifted signals", moved, X)
    return moved


def _chunks(X):
    """Return slices of a bounded number of rows."""
    return gen_batches(max(1, len(X)), max(1, _CHUNK_VALUES // max(1, X[:1].size)))


def power_of_two(X):
    """Return the largest power of two not above the largest value of each signal.

    The value of a complex sample is the larger one of its two parts. The squares of a
    signal divided by this power neither overflow nor vanish, and the division loses no
    digit.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)

    Returns
    -------
    scale : ndarray of shape (n_samples, ..., 1)
        At least the smallest normal number.
    """
    parts = (X.real, X.imag) if np.iscomplexobj(X) else (X,)
    largest = np.max([np.abs(p).max(-1, keepdims=True) for p in parts], axis=0)
    exponent = np.frexp(np.where(np.isfinite(largest) & (largest > 0), largest, 1))[1]
    dtype = X.real.dtype
    return np.ldexp(dtype.type(1), np.maximum(exponent - 1, np.finfo(dtype).minexp))


def _double(X):
    """Return numbers in double precision."""
    return X.astype(np.complex128 if np.iscomplexobj(X) else np.float64)


def _shift(X, shift, noise, has_mean):
    """Shift signals in double precision.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)

    shift : ndarray of shape (n_samples,)
        In cycles per sample.

    noise : ndarray of shape (n_samples, ..., n_times) or None
        White noise of variance 1 to fill the vacated strip of real signals with.

    has_mean : bool
        Whether the signals still have their mean, which is then shifted, too.

    Returns
    -------
    shifted : ndarray of shape (n_samples, ..., n_times)
    """
    # Whole turns do not matter. Without them phases are accurate in long signals.
    turns = np.multiply.outer(shift, np.arange(X.shape[-1])) % 1.0
    turns = turns.reshape(len(X), *[1] * (X.ndim - 2), X.shape[-1])
    carrier = np.exp(2j * np.pi * turns)
    if np.iscomplexobj(X):
        return X * carrier
    n_times = X.shape[-1]
    freqs = np.arange(n_times) / n_times
    shift = shift.reshape(len(X), *[1] * (X.ndim - 1))
    # The tolerance keeps a bin exactly on the limit, whatever the rounding.
    target, tiny = freqs + shift, 1e-9 / n_times
    # The spectrum of the analytic signal, without the bins that would leave the axis.
    keep = (freqs <= 0.5) & (target >= -tiny) & (target <= 0.5 + tiny)
    weight = np.where((freqs == 0) | (freqs == 0.5), 1.0, 2.0)
    moved = (fft.ifft(fft.fft(X) * (keep * weight)) * carrier).real
    if noise is None:
        return moved
    freqs = fft.rfftfreq(n_times)
    # If the mean was removed, the bin that it would move to is vacant, too.
    vacant = (freqs < shift + (-tiny if has_mean else tiny)) & (shift > 0)
    vacant |= freqs > 0.5 + shift + tiny
    noise = fft.irfft(fft.rfft(noise) * vacant, n_times)
    return moved + np.sqrt(find_floor(X)) * noise


def find_floor(X):
    """Return the variance of white noise with the density of the floor of signals.

    The floor is a low quantile of the PSD. The PSD scatters, so that the quantile lies
    below the density of the noise. The factor between them is known: the mean of K
    periodograms of white noise follows a gamma distribution.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Real signals.

    Returns
    -------
    variance : ndarray of shape (n_samples, ..., 1)
    """
    n_times = X.shape[-1]
    nperseg = min(max(16, n_times // 8), 4096, n_times)
    freqs, psd = signal.welch(X - find_line(X), nperseg=nperseg)
    # Both ends of the axis are left out. At 0 Hz there can be a rest of the mean or the
    # drift. At half the sampling frequency a power is one square, not a sum of two.
    margin = 2 / nperseg
    inside = (freqs > margin) & (freqs < 0.5 - margin)
    if not inside.any():
        return np.zeros((*X.shape[:-1], 1))
    n_segments = (n_times - nperseg) // (nperseg - nperseg // 2) + 1
    # Neighboring segments overlap by half. With a Hann window their powers have a
    # correlation of 1 / 36, so they count a little less than independent segments.
    n_segments = n_segments / (1 + 2 / 36 * (1 - 1 / n_segments))
    # The quantile of few bins stands for a larger share of all possible values.
    n_bins = np.count_nonzero(inside)
    share = (_FLOOR_QUANTILE * (n_bins - 1) + 1) / (n_bins + 1)
    expected = stats.gamma.ppf(share, n_segments) / n_segments
    level = np.quantile(psd[..., inside], _FLOOR_QUANTILE, axis=-1, keepdims=True)
    return level / expected / 2  # a one-sided density is twice the variance


def find_line(X):
    """Return the straight line that fits each signal best: its mean and its drift.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)

    Returns
    -------
    line : ndarray of shape (n_samples, ..., n_times)
    """
    time = np.arange(X.shape[-1]) - (X.shape[-1] - 1) / 2
    with np.errstate(over="ignore", invalid="ignore"):
        mean = X.mean(axis=-1, keepdims=True)
        slope = ((X - mean) * time).sum(axis=-1, keepdims=True)
        return mean + slope / max((time**2).sum(), 1.0) * time


def warn_of_drift(X, remedy):
    """Warn once if a real signal drifts by more than the rest of it varies.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Signals, float or complex.

    remedy : str
        Last sentence of the warning.
    """
    if np.iscomplexobj(X) or X.shape[-1] < 16:  # in few samples a trend may be chance
        return
    worst = 0.0
    for rows in _chunks(X):
        part = _double(X[rows])
        line = find_line(part)
        with np.errstate(all="ignore"):
            drift, rest = line.std(axis=-1), (part - line).std(axis=-1)
            # Rounding gives a constant a slope of about this size.
            rounding = 1e-9 * np.abs(part).max(axis=-1, initial=0)
            ratio = np.where(drift > rounding, drift / rest, 0.0)
        worst = max(worst, float(np.nan_to_num(ratio, nan=0.0).max(initial=0.0)))
    if worst > 1:
        warnings.warn(
            "A real signal in X drifts: its linear trend has a standard deviation "
            f"{worst:.3g} times that of the rest. A shift smears the trend over the "
            f"spectrum. {remedy}",
            stacklevel=3,
        )

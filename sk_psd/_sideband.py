"""Shift signals in frequency: mix complex ones, move one sideband of real ones."""

import warnings

import numpy as np
from scipy import fft, signal, stats
from sklearn.utils import gen_batches

__all__ = [
    "check_range",
    "find_floor",
    "find_line",
    "power_of_two",
    "shift_signals",
    "warn_of_drift",
]

# Values of one chunk of rows, which are computed in double precision.
_CHUNK_VALUES = 2**20
# The share of the bins of a spectrum that lies below its floor.
_FLOOR_QUANTILE = 0.01


def shift_signals(X, shift, *, fill, offset, rng):
    """Return shifted signals.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Real or complex numbers of floating point.

    shift : ndarray of shape (n_samples,)
        In cycles per sample.

    fill : {"noise"} or None

    offset : {"move", "remove", "stay"}
        As in :func:`sk_psd.signals.shift_frequency`.

    rng : numpy.random.RandomState or numpy.random.Generator
        Source of the noise.

    Returns
    -------
    moved : ndarray like `X`
    """
    moved = np.empty(X.shape, X.dtype)
    for rows in _chunks(X):
        part = _double(X[rows])
        scale = power_of_two(part)
        part = part / scale
        # Drawn for all, so that one seed gives a signal the same noise at any shift.
        noise = rng.standard_normal(part.shape) if np.isrealobj(X) and fill else None
        line = 0.0 if offset == "move" else find_line(part)
        with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
            shifted = _shift(part - line, shift[rows], noise, offset == "move")
            shifted += line if offset == "stay" else 0.0
            still = (shift[rows] == 0).reshape(-1, *[1] * (X.ndim - 1))
            moved[rows] = np.where(still, part, shifted) * scale
    check_range(moved, X, "a shift")
    return moved


def _chunks(X):
    return gen_batches(max(1, len(X)), max(1, _CHUNK_VALUES // max(1, X[:1].size)))


def power_of_two(X):
    """Return the power of two (..., 1) next to the largest value of each signal.

    Squares of signals divided by it neither overflow nor vanish, and no digit is lost.

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
    return X.astype(np.complex128 if np.iscomplexobj(X) else np.float64)


def _shift(X, shift, noise, has_mean):
    # Whole turns cancel: what is left of the phase is accurate for long signals.
    turns = np.multiply.outer(shift, np.arange(X.shape[-1])) % 1.0
    turns = turns.reshape(len(X), *[1] * (X.ndim - 2), X.shape[-1])
    carrier = np.exp(2j * np.pi * turns)
    if np.iscomplexobj(X):
        return X * carrier
    n_times = X.shape[-1]
    freqs = np.arange(n_times) / n_times
    shift = shift.reshape(len(X), *[1] * (X.ndim - 1))
    # A bin on the limit is to stay, whatever the rounding.
    target, tiny = freqs + shift, 1e-9 / n_times
    # The spectrum of the analytic signal, without what would leave the axis.
    keep = (freqs <= 0.5) & (target >= -tiny) & (target <= 0.5 + tiny)
    weight = np.where((freqs == 0) | (freqs == 0.5), 1.0, 2.0)
    moved = (fft.ifft(fft.fft(X) * (keep * weight)) * carrier).real
    if noise is None:
        return moved
    freqs = fft.rfftfreq(n_times)
    # Where the mean is no more, the bin that it would move to is vacant, too.
    vacant = (freqs < shift + (-tiny if has_mean else tiny)) & (shift > 0)
    vacant |= freqs > 0.5 + shift + tiny
    noise = fft.irfft(fft.rfft(noise) * vacant, n_times)
    return moved + np.sqrt(find_floor(X)) * noise


def find_floor(X):
    """Return the variance of white noise that is as strong as the floor of signals.

    The floor is a low quantile of the PSD. Periodograms scatter, so that it lies below
    the density of the noise, by a factor that is known: the mean of K periodograms of
    white noise follows a gamma distribution.

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
    # What is left of a mean or a drift says nothing about the floor, and at half of
    # the sampling frequency a power is one square instead of a sum of two.
    margin = 2 / nperseg
    inside = (freqs > margin) & (freqs < 0.5 - margin)
    if not inside.any():
        return np.zeros((*X.shape[:-1], 1))
    n_segments = (n_times - nperseg) // (nperseg - nperseg // 2) + 1
    # Neighboring segments share their halves. Behind a Hann window their powers are
    # correlated by 1 / 36, so that they count a little less than independent ones.
    n_segments = n_segments / (1 + 2 / 36 * (1 - 1 / n_segments))
    # Among few bins the lowest ones stand for more than their share of all values.
    n_bins = np.count_nonzero(inside)
    share = (_FLOOR_QUANTILE * (n_bins - 1) + 1) / (n_bins + 1)
    expected = stats.gamma.ppf(share, n_segments) / n_segments
    level = np.quantile(psd[..., inside], _FLOOR_QUANTILE, axis=-1, keepdims=True)
    return level / expected / 2  # as a one-sided density is twice the variance


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
        Real or complex numbers of floating point.

    remedy : str
        What to do.
    """
    if np.iscomplexobj(X) or X.shape[-1] < 16:  # where a trend may be chance
        return
    worst = 0.0
    for rows in _chunks(X):
        part = _double(X[rows])
        line = find_line(part)
        with np.errstate(all="ignore"):
            drift, rest = line.std(axis=-1), (part - line).std(axis=-1)
            # Rounding makes a slope of a constant.
            rounding = 1e-9 * np.abs(part).max(axis=-1, initial=0)
            ratio = np.where(drift > rounding, drift / rest, 0.0)
        worst = max(worst, float(np.nan_to_num(ratio, nan=0.0).max(initial=0.0)))
    if worst > 1:
        warnings.warn(
            "A real signal in X drifts: its straight trend has a standard deviation "
            f"{worst:.3g} times that of the rest. A shift smears it over the spectrum. "
            f"{remedy}",
            stacklevel=3,
        )


def check_range(result, X, cause):
    """Raise an error where finite signals became infinite or NaN.

    Parameters
    ----------
    result, X : ndarray
        After and before.

    cause : str
        What was done to X.
    """
    if not np.isfinite(result).all() and np.isfinite(X).all():
        raise ValueError(
            f"The values of X are too large for {cause} in {result.dtype}. Divide X "
            "by its largest value first."
        )

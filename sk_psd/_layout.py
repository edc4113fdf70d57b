"""Warnings and errors for arrays whose axes, or whose kind, are probably wrong."""

import warnings

import numpy as np
import torch

from sk_psd._pages import release_pages

__all__ = [
    "check_signals",
    "warn_of_frames",
    "warn_of_linear_power",
    "warn_of_powers",
    "warn_of_spectra",
    "warn_of_waveforms",
]

# Nobody has thousands of signals of a few samples each. Rows of at most _FEW_TIMES
# samples, where there are _MANY_ROWS times as many rows as samples, are taken for
# signals along the wrong axis.
_FEW_TIMES = 16
_MANY_ROWS = 64
# With at most so many samples no other explanation is left: an error, not a warning.
_VERY_FEW_TIMES = 4

# About so many rows, spread over X, are looked at.
_N_ROWS = 64

# Values of X whose sums are taken at a time.
_PART_VALUES = 2**18

# Samples of a row that are tested for equal steps at a time.
_N_TIMES = 16


def check_signals(name, X):
    """Check that the samples of signals lie along the last axis.

    Rows of one sample are an error. Rows of up to 16 samples, with 64 times as many
    rows (or channels) as samples, are an error up to 4 samples and a warning above. A
    row that rises by equal steps from end to end is probably a column of times: a
    warning.

    Parameters
    ----------
    name : str
        Name of the estimator or function that takes X, for the messages.

    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)

    Raises
    ------
    ValueError
        If the samples lie along another axis beyond doubt.

    Warns
    -----
    UserWarning
        If they probably do, or if rows are columns of times.
    """
    *n_rows, n_times = X.shape
    n_before = n_rows[-1] if n_rows else 1
    if n_times == 1:
        raise ValueError(
            f"{name} needs signals of more than one sample (n_features = 1). X has "
            f"shape {tuple(X.shape)}. {_name_transposition(X, n_before)}"
        )
    if n_times <= _FEW_TIMES and n_before >= _MANY_ROWS * n_times:
        message = (
            f"X of shape {tuple(X.shape)} looks like {n_times} signals of {n_before} "
            f"samples along the wrong axis: {name} takes the last axis for time. "
            f"{_name_transposition(X, n_before)}"
        )
        if n_times <= _VERY_FEW_TIMES:
            raise ValueError(message)
        warnings.warn(message, stacklevel=4)
    _warn_of_times(name, X)


def _name_transposition(X, n_before):
    """Return the end of a message: the expression that puts the axes right."""
    if X.ndim < 3:
        return (
            f"For {X.shape[-1]} signal(s) of {n_before} samples pass X.T, without the "
            "column of times if there is one."
        )
    text = f"For channels of {n_before} samples pass np.moveaxis(X, -1, 1)"
    if X.shape[-1] == 2:
        text += ", for real and imaginary parts X[..., 0] + 1j * X[..., 1]"
    return text + "."


def _warn_of_times(name, X):
    """Warn of rows that are columns of times, which rise by equal steps."""
    n_times = X.shape[-1]
    if isinstance(X, torch.Tensor) or X.dtype.kind == "c" or n_times < _N_TIMES:
        return
    rows = _spread_rows(X)
    starts = 0, (n_times - _N_TIMES) // 2, n_times - _N_TIMES
    is_time = np.zeros(len(rows), bool)
    for first in range(0, len(rows), 16):
        group = rows[first : first + 16]
        # The first samples decide for nearly all rows. The others are read in the
        # middle and at the end as well.
        for i in np.flatnonzero(_rise_by_equal_steps(group[:, :_N_TIMES])):
            parts = [group[i, None, start : start + _N_TIMES] for start in starts]
            is_time[first + i] = _rise_by_equal_steps(*parts)[0]
        release_pages(X)  # a row of a file may be long
    if is_time.any():
        warnings.warn(
            f"At least {is_time.sum()} row(s) of X rise by equal steps from end to "
            f"end, as a column of times does. {name} takes every row for a signal: "
            "leave columns of times and counters out.",
            stacklevel=5,
        )


def _rise_by_equal_steps(*parts):
    """Say of each row whether it rises by one and the same step in all its parts."""
    with np.errstate(invalid="ignore", over="ignore"):
        parts = [part.astype(np.float64) for part in parts]
        steps = np.hstack([part[:, 1:] - part[:, :-1] for part in parts])
        low, high = steps.min(axis=1), steps.max(axis=1)
        return (low > 0) & (high - low <= 1e-3 * high)


def warn_of_frames(name, X):
    """Warn if X of three axes looks like spectrograms instead of spectra.

    The mean level of a spectrogram changes smoothly and far along its second axis,
    which is frequency, and hardly along its last axis, which is time. Fewer than 16
    channels are never taken for frequencies.

    Parameters
    ----------
    name : str
        Name of the estimator that takes X, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_freqs)

    Warns
    -----
    UserWarning
        If X looks like spectrograms.
    """
    if isinstance(X, torch.Tensor) or X.ndim < 3 or X.shape[1] < 16 or X.shape[2] < 4:
        return
    x = X[:: -(-len(X) // _N_ROWS)].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        x = x.mean(axis=0)
        along_channels, along_freqs = x.mean(axis=1), x.mean(axis=0)
        variance = along_channels.var()
        roughness = (np.diff(along_channels) ** 2).mean()
        alike = along_freqs.var() < 0.05 * variance and roughness < 0.5 * variance
    if alike:
        warnings.warn(
            f"X of shape {X.shape} looks like spectrograms (n_samples, n_freqs, "
            f"n_frames): {name} takes the second axis for channels and the last one "
            "for frequencies. Use SpectrogramCNNClassifier, or WelchPSD in place of "
            "Spectrogram; np.swapaxes(X, 1, 2) makes the frames channels.",
            stacklevel=4,
        )


def warn_of_waveforms(name, X, remedy="Take their spectra first, by WelchPSD."):
    """Warn if the rows of X look like raw signals instead of spectra.

    Nearly all rows of signals swing symmetrically around zero. So do columns that
    :class:`sklearn.preprocessing.StandardScaler` has standardized. Their mean of 0 and
    deviation of 1 tell them from signals.

    Parameters
    ----------
    name : str
        Name of the estimator that takes X, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_features)

    remedy : str, default="Take their spectra first, by WelchPSD."
        End of the message.

    Warns
    -----
    UserWarning
        If X looks like raw signals.
    """
    if X.shape[-1] < 32:
        return
    rows = _spread_rows(X)
    # Rows without both signs cannot swing around zero.
    if ((rows.min(axis=-1) < 0) & (rows.max(axis=-1) > 0)).mean() < 0.9:
        return
    mean, skewness = _mean_and_skewness(rows)
    # The mean of spectra has no reason to be small, and spectra are skewed.
    alike = (np.abs(mean) < 0.15) & (np.abs(skewness) < 1)
    if not len(mean) or alike.mean() < 0.9 or abs(np.median(skewness)) > 0.2:
        return
    if _is_standardized(X):
        return
    warnings.warn(
        f"The rows of X look like raw signals, as they swing around zero, and {name} "
        f"takes them for spectra. {remedy}",
        stacklevel=4,
    )


def warn_of_linear_power(name, X):
    """Warn where X looks like linear powers that were scaled to [0, 1].

    All rows reach from 0 to 1 and half of them lie close to 0 in most bins, as a few
    strong bins set the scale. Rows of decibels have their floor well above 0. In
    drawings of zeros and ones, and in spectra with empty bands, many values are 0.

    Parameters
    ----------
    name : str
        Class that asks, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_freqs)
    """
    if X.dtype.kind != "f" or X.shape[-1] < 32:
        return
    rows = _spread_rows(X)
    low, high = rows.min(axis=-1), rows.max(axis=-1)
    if (np.abs(low) > 1e-6).any() or (np.abs(high - 1) > 1e-3).any():
        return
    near_zero = (rows < 0.05).mean(axis=-1) > 0.6
    not_empty = (rows == 0).mean(axis=-1) < 0.2
    if (near_zero & not_empty).mean() < 0.5:
        return
    warnings.warn(
        "The rows of X look like linear powers scaled to [0, 1]: most values are close "
        f"to 0, and {name} sees little but the strongest bins. Use "
        "WelchPSD(decibels=True).",
        stacklevel=4,
    )


def warn_of_powers(name, X):
    """Warn where X looks like linear powers in the place of decibels.

    No value is negative, and most rows reach far above their median: powers span
    decades, levels do not.

    Parameters
    ----------
    name : str
        Class that asks, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_freqs[, n_frames])
    """
    if X.dtype.kind != "f" or X.shape[-1] < 32:
        return
    rows = _spread_rows(X)
    low, high = rows.min(axis=-1), rows.max(axis=-1)
    if (low < 0).any():
        return
    middle = np.median(rows, axis=-1)
    # As products, since powers may be 0.
    spans_decades = (high > 30 * middle) & (high > 100 * low) & (middle > 0)
    if spans_decades.mean() > 0.5:
        warnings.warn(
            f"The rows of X look like linear powers, and {name} needs decibels. Use "
            "WelchPSD(decibels=True).",
            stacklevel=4,
        )


def warn_of_spectra(name, X):
    """Warn if the rows of X look like spectra instead of raw signals.

    No row of spectra crosses zero, and most rows are skewed, as levels above a floor
    are. Integers are never taken for spectra.

    Parameters
    ----------
    name : str
        Name of the estimator that takes X, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_features)

    Warns
    -----
    UserWarning
        If X looks like spectra.
    """
    if X.dtype.kind != "f" or X.shape[-1] < 16:  # nor are complex numbers
        return
    rows = _spread_rows(X)
    if rows.min() < 0 < rows.max():
        return
    mean, skewness = _mean_and_skewness(rows)
    if not len(mean) or np.median(np.abs(skewness)) < 0.3:
        return
    if np.median(np.abs(mean)) > 20:  # a signal with a large offset
        return
    warnings.warn(
        f"The rows of X look like spectra, as none crosses zero, and {name} takes them "
        "for raw signals. Put it before WelchPSD.",
        stacklevel=4,
    )


def _mean_and_skewness(rows):
    """Return the mean, in standard deviations, and the skewness of rows that vary."""
    x = rows / np.float64(np.abs(rows).max() or 1.0)
    mean = x.mean(axis=-1)
    x -= mean[:, None]
    squares = x * x
    deviation = np.sqrt(squares.mean(axis=-1))
    varies = deviation > 0
    third = np.multiply(squares, x, out=x).mean(axis=-1)[varies]
    deviation = deviation[varies]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return mean[varies] / deviation, third / deviation**3


def _spread_rows(X):
    """Return about 64 rows, spread over X, as an array of two axes."""
    n_channels = X.shape[1] if X.ndim > 2 else 1
    n_samples = max(1, _N_ROWS // n_channels)
    return X[:: max(1, len(X) // n_samples)].reshape(-1, X.shape[-1])


def _is_standardized(X):
    """Say whether every column has mean 0 and deviation 1, or is constant."""
    # In parts, as X may be a file, by sums of the values and of their squares.
    sums, n_rows = 0.0, max(1, _PART_VALUES // X[0].size)
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(X), n_rows):
            rows = X[first : first + n_rows].reshape(-1, X[0].size)
            rows = rows.astype(np.float64)
            sums = sums + np.stack([rows.sum(axis=0), np.square(rows).sum(axis=0)])
            release_pages(X[first : first + n_rows])
        mean, square = sums / len(X)
        std = np.sqrt(np.maximum(square - mean**2, 0))
    is_unit = (np.abs(std - 1) < 1e-3) | (std < 1e-6)
    return bool((np.abs(mean) < 1e-3).all() and is_unit.all())

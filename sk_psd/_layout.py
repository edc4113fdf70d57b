"""Tell arrays in the wrong layout, or of the wrong kind, from legitimate ones."""

import warnings

import numpy as np
import torch

from sk_psd._pages import release_pages

__all__ = [
    "check_signals",
    "warn_of_frames",
    "warn_of_spectra",
    "warn_of_waveforms",
]

# Nobody has thousands of signals of a few samples. Rows of up to so many samples, and
# so many times more rows than samples, are signals that lie along the wrong axis.
_FEW_TIMES = 16
_MANY_ROWS = 64
# With so few samples there is nothing else that it could be.
_HARDLY_ANY_TIMES = 4

# Rows that are looked at, spread over X.
_N_ROWS = 64


def check_signals(name, X):
    """Refuse signals whose samples lie along the wrong axis, and warn of clocks.

    Rows of one sample are an error. Up to 16 samples in 64 times as many rows (or
    channels) are an error up to 4 samples and a warning above. A row that rises by
    equal steps from end to end is a clock, no signal: a warning.

    Parameters
    ----------
    name : str
        Who asks, for the messages.

    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)
    """
    *n_rows, n_times = X.shape
    along = n_rows[-1] if n_rows else 1
    if n_times == 1:
        raise ValueError(
            f"{name} needs signals of more than one sample (n_features = 1). X has "
            f"shape {tuple(X.shape)}. {_remedy(X, along)}"
        )
    if n_times <= _FEW_TIMES and along >= _MANY_ROWS * n_times:
        message = (
            f"X of shape {tuple(X.shape)} looks like {n_times} signals of {along} "
            f"samples along the wrong axis: {name} takes the last axis for time. "
            f"{_remedy(X, along)}"
        )
        if n_times <= _HARDLY_ANY_TIMES:
            raise ValueError(message)
        warnings.warn(message, stacklevel=4)
    _warn_of_clocks(name, X)


def _remedy(X, along):
    if X.ndim < 3:
        return (
            f"For {X.shape[-1]} signal(s) of {along} samples pass X.T, without the "
            "column of times if there is one."
        )
    text = f"For channels of {along} samples pass np.moveaxis(X, -1, 1)"
    if X.shape[-1] == 2:
        text += ", for real and imaginary parts X[..., 0] + 1j * X[..., 1]"
    return text + "."


def _warn_of_clocks(name, X):
    n_times = X.shape[-1]
    if isinstance(X, torch.Tensor) or X.dtype.kind == "c" or n_times < 16:
        return
    rows = _some_rows(X)
    starts = 0, (n_times - 16) // 2, n_times - 16
    is_clock = np.zeros(len(rows), bool)
    for first in range(0, len(rows), 16):
        group = rows[first : first + 16]
        # Hardly any other row gets beyond its first samples.
        for i in np.flatnonzero(_rise_by_equal_steps(group[:, :16])):
            parts = [group[i, None, start : start + 16] for start in starts]
            is_clock[first + i] = _rise_by_equal_steps(*parts)[0]
        release_pages(X)  # one of a file may be a large one
    clocks = np.flatnonzero(is_clock)
    if clocks.size:
        warnings.warn(
            f"At least {clocks.size} row(s) of X rise by equal steps from end to end, "
            f"as a clock does. {name} takes every row for a signal: leave columns of "
            "times and counters out.",
            stacklevel=5,
        )


def _rise_by_equal_steps(*parts):
    with np.errstate(invalid="ignore", over="ignore"):
        parts = [part.astype(np.float64) for part in parts]
        steps = [part[:, 1:] - part[:, :-1] for part in parts]
        steps = np.hstack(steps) if len(steps) > 1 else steps[0]
        low, high = steps.min(axis=1), steps.max(axis=1)
        return (low > 0) & (high - low <= 1e-3 * high)


def warn_of_frames(name, X):
    """Warn where X of three axes looks like spectrograms instead of spectra.

    The mean level of a spectrogram changes smoothly and far along the second axis,
    which is frequency, and hardly along the last one, which is time. Fewer than 16
    channels are never taken for frequencies.

    Parameters
    ----------
    name : str
        Who asks, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_freqs)
    """
    if isinstance(X, torch.Tensor) or X.ndim < 3 or X.shape[1] < 16 or X.shape[2] < 4:
        return
    x = X[:: -(-len(X) // _N_ROWS)].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        x = x.mean(axis=0)
        along_channels, along_freqs = x.mean(axis=1), x.mean(axis=0)
        spread = along_channels.var()
        rough = (np.diff(along_channels) ** 2).mean()
        alike = along_freqs.var() < 0.05 * spread and rough < 0.5 * spread
    if alike:
        warnings.warn(
            f"X of shape {X.shape} looks like spectrograms (n_samples, n_freqs, "
            f"n_frames): {name} takes the second axis for channels and the last one "
            "for frequencies. Use SpectrogramCNNClassifier, or WelchPSD in place of "
            "Spectrogram; np.swapaxes(X, 1, 2) makes the frames channels.",
            stacklevel=4,
        )


def warn_of_waveforms(name, X, remedy="Take their spectra first, by WelchPSD."):
    """Warn where the rows of X look like raw signals instead of spectra.

    Nearly all rows swing symmetrically around zero. Columns standardized by
    :class:`sklearn.preprocessing.StandardScaler` do so as well, and are told by it.

    Parameters
    ----------
    name : str
        Who asks, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_features)

    remedy : str, default="Take their spectra first, by WelchPSD."
        End of the message.
    """
    if X.shape[-1] < 32:
        return
    rows = _some_rows(X)
    # Rows without both signs cannot swing around zero.
    if ((rows.min(axis=-1) < 0) & (rows.max(axis=-1) > 0)).mean() < 0.9:
        return
    mean, skewness = _shape(rows)
    # The mean of what is no wave has no reason to be small, and a spectrum is skewed.
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


def warn_of_spectra(name, X):
    """Warn where the rows of X look like spectra instead of raw signals.

    No row crosses zero, and most are skewed, as levels above a floor are. Integers
    are never taken for spectra.

    Parameters
    ----------
    name : str
        Who asks, for the message.

    X : ndarray of shape (n_samples, [n_channels,] n_features)
    """
    if X.dtype.kind != "f" or X.shape[-1] < 16:  # nor complex numbers
        return
    rows = _some_rows(X)
    if rows.min() < 0 < rows.max():
        return
    mean, skewness = _shape(rows)
    if not len(mean) or np.median(np.abs(skewness)) < 0.3:
        return
    if np.median(np.abs(mean)) > 20:  # an offset
        return
    warnings.warn(
        f"The rows of X look like spectra, as none crosses zero, and {name} takes them "
        "for raw signals. Put it before WelchPSD.",
        stacklevel=4,
    )


def _shape(rows):
    """Return the means, in deviations, and the skewness of rows that vary."""
    x = rows / np.float64(np.abs(rows).max() or 1.0)
    mean = x.mean(axis=-1)
    x -= mean[:, None]
    squares = x * x
    deviation = np.sqrt(squares.mean(axis=-1))
    good = deviation > 0
    third = np.multiply(squares, x, out=x).mean(axis=-1)[good]
    deviation = deviation[good]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return mean[good] / deviation, third / deviation**3


def _some_rows(X):
    """Return about 64 rows, spread over X, as an array of two axes."""
    n_channels = X.shape[1] if X.ndim > 2 else 1
    n_samples = max(1, _N_ROWS // n_channels)
    return X[:: max(1, len(X) // n_samples)].reshape(-1, X.shape[-1])


def _is_standardized(X):
    """Whether every column has mean 0 and deviation 1 (or is constant)."""
    columns = X.reshape(len(X), -1)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = columns.mean(axis=0), columns.std(axis=0)
    unit = (np.abs(std - 1) < 1e-3) | (std == 0)
    return bool((np.abs(mean) < 1e-3).all() and unit.all())

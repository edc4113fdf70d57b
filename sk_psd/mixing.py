"""Raw signals: move them in frequency, add noise."""

import numpy as np
from scipy import signal

__all__ = ["add_noise", "retune"]


def retune(X, offset):
    """Move each signal in frequency.

    Complex signals are mixed: exact, and what leaves the axis at one end comes back at
    the other. Of real ones the analytic signal is mixed (a single-sideband shift):
    what passes 0 or half of the sampling frequency folds back.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Real or complex signals.

    offset : float or ndarray of shape (n_samples,)
        For all or for each signal, in cycles per sample; positive moves up.

    Returns
    -------
    moved : ndarray like `X`, float64 for integers

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.mixing import retune
    >>> tone = np.exp(2j * np.pi * 0.125 * np.arange(64))[None]
    >>> moved = retune(tone, 0.25)
    >>> bool(np.allclose(moved, tone**3))
    True
    """
    X = _check(X)
    offset = np.broadcast_to(offset, (len(X),))
    # Whole turns cancel: what is left of the phase is accurate for long signals.
    turns = np.multiply.outer(offset, np.arange(X.shape[-1])) % 1.0
    turns = turns.reshape(len(X), *[1] * (X.ndim - 2), X.shape[-1])
    carrier = np.exp(2j * np.pi * turns)
    if np.iscomplexobj(X):
        return (X * carrier).astype(X.dtype, copy=False)
    return (signal.hilbert(X) * carrier).real.astype(X.dtype, copy=False)


def add_noise(X, snr_db, rng):
    """Add white Gaussian noise to each signal.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ..., n_times)
        Real or complex signals.

    snr_db : float or ndarray of shape (n_samples,)
        Ratio of the power of the signal, without its mean, to that of the noise over
        the whole axis, in dB.

    rng : numpy.random.RandomState or numpy.random.Generator
        Source of the noise.

    Returns
    -------
    noisy : ndarray like `X`, float64 for integers
        A constant signal stays as it is.
    """
    X = _check(X)
    level = np.broadcast_to(10 ** (-np.asarray(snr_db) / 20), (len(X),))
    level = level.reshape(len(X), *[1] * (X.ndim - 1))
    noise = rng.standard_normal(X.shape)
    if np.iscomplexobj(X):
        noise = (noise + 1j * rng.standard_normal(X.shape)) / np.sqrt(2)
    noisy = X + level * X.std(axis=-1, keepdims=True) * noise
    return noisy.astype(X.dtype, copy=False)


def _check(X):
    """Return the signals as floating-point numbers, in which nothing wraps around."""
    X = np.asarray(X)
    if X.ndim < 2:
        raise ValueError(
            f"X must be of shape (n_samples, ..., n_times). Got shape {X.shape}; for "
            "one signal pass X[None]."
        )
    return X if X.dtype.kind in "fc" else X.astype(float)

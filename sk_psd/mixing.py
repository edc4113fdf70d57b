"""Raw signals: move them in frequency, add noise."""

import numpy as np

from sk_psd._numbers import check_rng, one_for_each, take_numbers
from sk_psd._sideband import check_range, power_of_two, shift_signals, warn_of_drift

__all__ = ["add_noise", "retune"]


def retune(X, offset, *, fill="noise", mean="move", random_state=None):
    """Move each signal in frequency.

    Complex signals are mixed: exact, and what leaves the axis at one end comes back at
    the other. Real signals are shifted by one sideband. What would leave the axis is
    removed before, so that it does not fold back. The strip that becomes vacant at the
    other end is filled with white noise at the signal's own floor.

    Parameters
    ----------
    X : array-like or Tensor of shape (n_samples, ..., n_times)
        Real or complex signals.

    offset : float or ndarray of shape (n_samples,)
        For all or for each signal, in cycles per sample; positive moves up. For an
        offset in Hz pass ``offset / fs``. Real signals take -0.5 to 0.5.

    fill : {"noise"} or None, default="noise"
        What the vacated strip of a real signal holds. None leaves it empty: a hole in
        the spectrum with a hard edge. Complex signals have no such strip.

    mean : {"move", "remove", "stay"}, default="move"
        What becomes of the mean of each signal. "move" shifts it like the rest. The
        other two take it off before the shift, together with the drift (the straight
        line that fits the signal best). "stay" adds both again after the shift, which
        leaves them at 0 Hz.

    random_state : int, RandomState, Generator or None, default=None
        Source of the noise. One seed gives the same noise for every offset.

    Returns
    -------
    moved : ndarray of the shape of `X`
        float32 and complex64 are kept, other real numbers become float64 and other
        complex ones complex128. Signals with an offset of 0 stay as they are.

    Warns
    -----
    UserWarning
        If `mean` is "move" and a real signal drifts by more than the rest of it
        varies, as the shift smears the drift over the spectrum.

    See Also
    --------
    shift_curve : Scores a model on shifted signals.

    Notes
    -----
    The floor is the 1 % quantile of a Welch PSD of the signal, divided by the 1 %
    quantile that the mean of so many periodograms of white noise of density 1 has. That
    mean follows a gamma distribution.

    A shift by one sideband treats two frequencies of a real signal in another way than
    the rest. A line at 0 Hz (an offset) and a line at half of the sampling frequency
    lose half of their power when they are moved. A line that arrives exactly at 0 Hz or
    at half of the sampling frequency has between none and twice of its power there,
    depending on its phase.

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
    offset = one_for_each(offset, len(X), "offset")
    largest = np.abs(offset).max(initial=0)
    if np.isrealobj(X) and largest > 0.5:
        raise ValueError(
            "offset of real signals must lie between -0.5 and 0.5 cycles per sample, "
            f"where all has left the axis. Got {largest:g}; divide Hz by fs."
        )
    if not (fill is None or isinstance(fill, str) and fill == "noise"):
        raise ValueError(f"fill must be 'noise' or None. Got {fill!r} instead.")
    if not isinstance(mean, str) or mean not in ("move", "remove", "stay"):
        raise ValueError(
            f"mean must be 'move', 'remove' or 'stay'. Got {mean!r} instead."
        )
    if mean == "move" and largest > 0:
        warn_of_drift(X, "Pass mean='remove' or mean='stay'.")
    rng = check_rng(random_state)
    return shift_signals(X, offset, fill=fill, mean=mean, rng=rng)


def add_noise(X, snr_db, rng=None):
    """Add white Gaussian noise to each signal.

    Parameters
    ----------
    X : array-like or Tensor of shape (n_samples, ..., n_times)
        Real or complex signals.

    snr_db : float or ndarray of shape (n_samples,)
        Ratio of the power of the signal, without its mean, to that of the noise over
        the whole axis, in dB.

    rng : int, RandomState, Generator or None, default=None
        Source of the noise.

    Returns
    -------
    noisy : ndarray of the shape of `X`
        float32 and complex64 are kept, other real numbers become float64 and other
        complex ones complex128. A constant signal stays as it is.
    """
    X = _check(X)
    snr_db, rng = one_for_each(snr_db, len(X), "snr_db"), check_rng(rng, "rng")
    if snr_db.min(initial=0) < -1000:
        raise ValueError(f"snr_db must be at least -1000 dB. Got {snr_db.min():g}.")
    snr_db = snr_db.reshape(len(X), *[1] * (X.ndim - 1))
    noise = rng.standard_normal(X.shape)
    if np.iscomplexobj(X):
        noise = (noise + 1j * rng.standard_normal(X.shape)) / np.sqrt(2)
    scale = power_of_two(X)
    with np.errstate(over="ignore", invalid="ignore"):  # seen in the result
        level = 10 ** (-snr_db / 20)
        noisy = X + level * ((X / scale).std(axis=-1, keepdims=True) * scale) * noise
        noisy = noisy.astype(X.dtype, copy=False)
    check_range(noisy, X, f"noise of {snr_db.min():g} dB")
    return noisy


def _check(X):
    X = take_numbers(X)
    if X.ndim < 2:
        raise ValueError(
            f"X must be of shape (n_samples, ..., n_times). Got shape {X.shape}; for "
            "one signal pass X[None]."
        )
    if X.shape[-1] == 0:
        raise ValueError(f"X must have at least one time. Got shape {X.shape}.")
    return X

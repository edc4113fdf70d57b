"""Powers of signals at any scale: as numbers, or as levels in decibels."""

import math
import warnings

import numpy as np
import torch

from sk_psd._arrays import is_complex
from sk_psd._blocks import is_single
from sk_psd._median import write_median
from sk_psd._periodograms import write_mean, write_segments

__all__ = ["FLOOR", "SILENT_LEVEL", "estimate_powers", "name_row", "to_levels"]

# Level in dB of a signal without power, where no other spectrum is known.
SILENT_LEVEL = -120.0

# Floor of a spectrum, relative to its maximum.
FLOOR = 1e-12

# Samples of the rows that are computed again at a time. They fit the cache.
_BATCH_SAMPLES = 2**18

# Values whose logarithms are computed at a time, and values in one processor register.
_CHUNK_VALUES = 2**16
_REGISTER_VALUES = 16


def estimate_powers(
    X,
    segments,
    average,
    n_jobs=None,
    *,
    levels=False,
    check=None,
    notch=None,
    first_row=0,
):
    """Estimate the powers of signals of any scale, or their levels.

    Powers are computed in the precision of X first. Signals whose powers leave the
    range of that precision are computed again in double precision. Each signal is
    treated by itself, so its result does not depend on the other signals.

    Parameters
    ----------
    X : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_times)
        Signals.

    segments : Segments
        Plan of the segments.

    average : {"mean", "median"} or None
        Average over the segments. With None the powers of each segment are returned.

    n_jobs : int, default=None
        Number of threads.

    levels : bool, default=False
        Whether to return ``10 log10`` of the powers, with a floor 120 dB below the
        maximum of each signal.

    check : callable, default=None
        Called with X if some powers are not finite. It raises an error if X holds NaN
        or infinity that is not allowed. With None the powers of such signals are NaN
        or infinity.

    notch : Notch, default=None
        Bins to bridge before the logarithms are computed.

    first_row : int, default=0
        Index of the first row of X, for messages.

    Returns
    -------
    result : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_freqs[, n_frames])
        float32 for float32 and complex64 signals, else float64.

    silent : bool ndarray of shape ([n_samples, [n_channels,]])
        Which signals hold no power. Their result is 0 or `SILENT_LEVEL`.

    Raises
    ------
    ValueError
        If powers are too small or too large for the dtype of the result.
    """
    if X.ndim == 1:
        result, silent = estimate_powers(
            X[None], segments, average, n_jobs, levels=levels, check=check, notch=notch
        )
        return result[0], silent[0]
    powers, n_silent, again = _estimate_once(X, segments, average, n_jobs)
    maxima = _maximum_of_each(powers, len(again))
    # The values far below the maximum of a spectrum need all their digits too.
    least = np.finfo(maxima.dtype).tiny * 2.0 ** (50 if levels else 10)
    if not (least <= maxima.min() and maxima.max() < np.inf):  # also if one is NaN
        if check is not None and not np.isfinite(maxima).all():
            check(X)
        if average is None and not levels:
            # The segments with NaN stay NaN. The other segments of a signal decide.
            _refuse_overflow(X, maxima, first_row)
            xp = torch if isinstance(X, torch.Tensor) else np
            finite = xp.where(xp.isfinite(powers), powers, 0)
            maxima = _maximum_of_each(finite, len(again))
        again |= ~((maxima >= least) & np.isfinite(maxima))

    axes = (-2, -1) if average is None else (-1,)  # of one spectrogram or spectrum
    _bridge(notch, powers, axes[0])
    result = to_levels(powers, axes) if levels else powers
    silent = np.zeros(X.shape[:-1], bool)
    again = np.flatnonzero(again)
    n_rows = max(1, _BATCH_SAMPLES // X.shape[-1])
    for first in range(0, len(again), n_rows):
        place = np.unravel_index(again[first : first + n_rows], X.shape[:-1])
        values, exponents, rows, n_silent[place] = _estimate_in_double(
            _take_rows(X, place), segments, average, n_jobs, notch
        )
        silent[place] = (values == 0).reshape(len(rows), -1).all(1)
        dtype = maxima.dtype
        if levels:
            values = _scaled_levels(values, exponents, axes).astype(dtype)
        else:
            values = _scaled_powers(values, exponents, dtype, rows, place, first_row)
        if isinstance(X, torch.Tensor):
            place = tuple(torch.from_numpy(index).to(X.device) for index in place)
            values = torch.from_numpy(values).to(result)
        result[place] = values
    if average == "median":
        _warn_of_silent_segments(n_silent, segments.n_segments)
    return result, silent


def _estimate_once(X, segments, average, n_jobs):
    """Return the powers of signals in the precision of X.

    Returns
    -------
    powers : ndarray or Tensor of shape (n_samples, [n_channels,] n_freqs[, n_frames])

    n_silent : int ndarray of shape (n_samples[, n_channels])
        Number of segments without power, which only the median counts. Else 0.

    loses_digits : bool ndarray of shape (n_signals,)
        Which signals need double precision.
    """
    frames = (segments.n_segments,) if average is None else ()
    powers = _empty_result(X, len(segments.freqs), *frames)
    # Two numbers of each signal, in one array for views of its rows.
    found = np.zeros((*X.shape[:-1], 2), int)
    if average == "median":
        views = zip(_row_views(X, powers), _row_views(X, found), strict=True)
        for (rows, out), (_, part) in views:
            part[:, 0], part[:, 1] = write_median(segments, rows, out, n_jobs)
    else:
        for rows, out in _row_views(X, powers):
            _WRITERS[average](segments, rows, out, n_jobs)
    return powers, found[..., 0], found[..., 1].ravel() > 0


_WRITERS = {"mean": write_mean, "median": write_median, None: write_segments}


def _empty_result(X, *shape):
    """Return memory for results: like X, but with other axes in place of the last.

    The results are float32 for float32 and complex64 signals, else float64.
    """
    shape = *X.shape[:-1], *shape
    if isinstance(X, torch.Tensor):
        dtype = torch.float32 if is_single(X) else torch.float64
        return torch.empty(shape, dtype=dtype, device=X.device)
    return np.empty(shape, np.float32 if is_single(X) else np.float64)


def _row_views(X, out):
    """Yield signals as rows of two axes, with the rows of their results, uncopied.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, [n_channels,] n_times)

    out : ndarray or Tensor of shape (n_samples, [n_channels,] ...)
        C-contiguous.

    Yields
    ------
    rows : ndarray or Tensor of shape (n_rows, n_times)

    part : ndarray or Tensor of shape (n_rows, ...)
    """
    if X.ndim == 2:
        yield X, out
    elif X.shape[0] and _stride(X, 0) == _stride(X, 1) * X.shape[1]:
        n_rows = X.shape[0] * X.shape[1]
        yield X.reshape(n_rows, X.shape[-1]), out.reshape(n_rows, *out.shape[2:])
    else:  # samples and channels cannot be one axis without a copy
        for channel in range(X.shape[1]):
            yield X[:, channel], out[:, channel]


def _stride(X, axis):
    return X.stride(axis) if isinstance(X, torch.Tensor) else X.strides[axis]


def _maximum_of_each(powers, n_signals):
    """Return the largest power of each signal, as an array."""
    flat = powers.reshape(n_signals, -1)
    flat = flat if isinstance(powers, torch.Tensor) else torch.from_numpy(flat)
    return flat.amax(1).cpu().numpy()  # several times faster than that of NumPy


def _take_rows(X, place):
    """Return some rows of X as an array of two axes."""
    if not isinstance(X, torch.Tensor):
        return X[place]
    place = tuple(torch.from_numpy(index).to(X.device) for index in place)
    return X[place].cpu().numpy()


def _refuse_overflow(X, maxima, first_row):
    """Raise an error if a power is not finite although its signal is."""
    xp = torch if isinstance(X, torch.Tensor) else np
    for row in np.flatnonzero(~np.isfinite(maxima)):
        place = np.unravel_index([row], X.shape[:-1])
        if xp.isfinite(X[tuple(int(index[0]) for index in place)]).all():
            _refuse_large(place, 0, first_row, maxima.dtype)


def _bridge(notch, powers, axis):
    if notch is not None:
        # Powers that are not finite belong to rows that are computed again.
        with np.errstate(all="ignore"):
            notch.bridge(powers, axis)


def _estimate_in_double(rows, segments, average, n_jobs, notch):
    """Return the powers of some rows in double precision, without their scale.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_times)

    segments, average, n_jobs, notch
        As in `estimate_powers`.

    Returns
    -------
    powers : float64 ndarray of shape (n_rows, n_freqs[, n_frames])
        To be multiplied by ``4.0 ** exponents``.

    exponents : int ndarray of shape (n_rows,)
        Exponents of the scales of the rows, of base 2.

    rows : ndarray of shape (n_rows, n_times)
        The rows divided by their scales.

    n_silent : int ndarray of shape (n_rows,)
        Number of segments without power, which only the median counts. Else 0.
    """
    frames = (segments.n_segments,) if average is None else ()
    powers = np.zeros((len(rows), len(segments.freqs), *frames))
    exponents = np.zeros(len(rows), int)
    n_silent = np.zeros(len(rows), int)
    loud = ~_is_silent(rows, segments)
    # Squares of float32 are within the range of float64 without scaling.
    if rows.dtype.kind in "fc" and not is_single(rows):
        rows = rows.astype(np.complex128 if is_complex(rows) else np.float64)
        exponents = np.array([_find_exponent(row, average) for row in rows])
        # A power of 2 changes no digit. In two steps no factor leaves the range.
        rows *= 2.0 ** (-exponents // 2)[:, None]
        rows *= 2.0 ** (-exponents - (-exponents // 2))[:, None]
    if loud.any():
        part = np.empty((loud.sum(), *powers.shape[1:]))
        found = _WRITERS[average](segments, rows[loud], part, n_jobs, double=True)
        if average == "median":
            n_silent[loud], _ = found
        _bridge(notch, part, -2 if frames else -1)
        powers[loud] = part
    return powers, exponents, rows, n_silent


def _is_silent(rows, segments):
    """Return which rows hold no power, as far as that needs no computation."""
    if segments.detrend in ("constant", "linear"):
        return (rows == rows[:, :1]).all(1)
    if segments.detrend is False:
        return (rows == 0).all(1)
    return np.zeros(len(rows), bool)


def _find_exponent(row, average):
    """Return the exponent of base 2 of the scale of a row.

    The scale is that of the largest sample or, for the median, of ordinary samples, as
    the median is to resist single large ones.
    """
    size = np.abs(row.view(np.float64))
    size = size[np.isfinite(size)]
    scale = 0.0
    if average == "median" and size.size:
        scale = np.median(size)
    if scale == 0 and size.size:
        scale = size.max()
    return int(np.frexp(scale)[1])


def _scaled_levels(powers, exponents, axes):
    """Return the levels in decibels of powers that lack their scale."""
    levels = to_levels(powers, axes)
    silent = (powers == 0).reshape(len(powers), -1).all(1)
    shift = np.where(silent, 0, exponents) * (20 * np.log10(2))
    levels += shift.reshape(-1, *[1] * (levels.ndim - 1))
    return levels


def _scaled_powers(powers, exponents, dtype, rows, place, first_row):
    """Multiply powers by their scale, or raise an error if `dtype` cannot hold them."""
    flat = powers.reshape(len(powers), -1)
    silent = (flat == 0).all(1)
    with np.errstate(over="ignore", under="ignore"):
        values = np.ldexp(powers, 2 * exponents.reshape(-1, *[1] * (powers.ndim - 1)))
        values = values.astype(dtype)
    least = 16 * np.finfo(dtype).tiny
    largest = np.nan_to_num(values.reshape(len(values), -1)).max(1)
    small = ~silent & (largest < least) & ~np.isnan(flat).all(1)
    if small.any():
        raise ValueError(
            f"The powers of X are too small for {dtype}: all those of "
            f"{name_row(place, small.argmax(), first_row)} are less than {least:.1g}. "
            "Use WelchPSD(decibels=True), scale signals of such small values first"
            + (", or pass float64." if dtype.itemsize == 4 else ".")
        )
    large = np.isinf(values.reshape(len(values), -1)).any(1)
    large &= np.isfinite(rows).all(1)
    if large.any():
        _refuse_large(place, large.argmax(), first_row, dtype)
    return values


def _refuse_large(place, i, first_row, dtype):
    raise ValueError(
        "The powers of X are not finite, although X is: those of "
        f"{name_row(place, i, first_row)} exceed {np.finfo(dtype).max:.1g}. Use "
        "WelchPSD(decibels=True), scale signals of such large values first, and look "
        "at fs and at what detrend returns."
    )


def name_row(place, i=0, first_row=0):
    """Return the name of a row of signals, for messages.

    Parameters
    ----------
    place : tuple of int ndarray
        Indices of some rows, an array for each axis but the last.

    i : int, default=0
        Which of these rows to name.

    first_row : int, default=0
        Index of the first row of X, which is added.

    Returns
    -------
    name : str
        Such as "row 3" or "row 3, channel 0".
    """
    row, *channel = (int(index[i]) for index in place[:2])
    return f"row {row + first_row}" + "".join(f", channel {k}" for k in channel)


def _warn_of_silent_segments(n_silent, n_segments):
    affected = (n_silent > 0) & (n_silent < n_segments)
    if affected.any():
        place = np.nonzero(affected)
        warnings.warn(
            f"average='median': {affected.sum()} of {affected.size} signals have "
            f"segments without power, {name_row(place)} {n_silent[affected][0]} of "
            f"{n_segments}. These segments pull the median down, as zeros after the "
            "end of a signal do. Use average='mean' for signals that are padded to one "
            "length.",
            stacklevel=4,
        )


def to_levels(powers, axis=-1, silent_level=SILENT_LEVEL):
    """Return ``10 log10`` with a floor 120 dB below the maximum of each spectrum.

    Parameters
    ----------
    powers : ndarray or Tensor of shape (..., n_freqs)
        Floating-point numbers in native byte order.

    axis : int or tuple of int, default=-1
        Axis, or axes, along which one spectrum lies.

    silent_level : float, default=-120.0
        Level of a spectrum of zeros, in dB.

    Returns
    -------
    levels : ndarray or Tensor of the shape and dtype of `powers`
        In dB. NaN and infinity stay as they are.
    """
    xp = torch if isinstance(powers, torch.Tensor) else np
    peak = xp.amax(powers, axis=axis, keepdims=True)
    if not xp.isfinite(peak).all():
        finite = xp.where(xp.isfinite(powers), powers, 0)
        peak = xp.amax(finite, axis=axis, keepdims=True)
    dtype = str(powers.dtype).removeprefix("torch.")
    least = float(np.finfo(dtype).smallest_subnormal)
    levels = xp.maximum(powers, (peak * FLOOR).clip(least))
    if xp is np:
        levels = _log10(levels, len(axis) if isinstance(axis, tuple) else 1)
    else:
        xp.log10(levels, out=levels)
    levels *= 10
    silent = peak <= 0
    if silent.any():
        levels = xp.where(silent & ~xp.isnan(powers), silent_level, levels)
    return levels


def _log10(values, n_axes):
    """Return the logarithms, the same bits for a row alone and among others.

    NumPy computes whole registers otherwise than the last values of an array. So each
    row, which is the last `n_axes` axes, is padded to whole registers.
    """
    shape = values.shape
    rows = np.ascontiguousarray(values).reshape(-1, math.prod(shape[-n_axes:]))
    n = rows.shape[1]
    n_padded = -(-n // _REGISTER_VALUES) * _REGISTER_VALUES
    height = max(1, min(len(rows), _CHUNK_VALUES // max(1, n_padded)))
    chunk = np.ones((height, n_padded), values.dtype)
    for start in range(0, len(rows), height):
        batch = rows[start : start + height]
        part = chunk[: len(batch)]
        part[:, :n] = batch
        batch[...] = np.log10(part)[:, :n]
    return rows.reshape(shape)

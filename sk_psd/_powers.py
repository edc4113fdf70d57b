"""Powers of signals at any scale: as numbers, or as levels in decibels."""

import math
import warnings

import numpy as np
import torch
from sklearn.utils import gen_batches

from sk_psd._arrays import is_complex
from sk_psd._segments import empty_result, is_single, row_views

__all__ = ["SILENT_LEVEL", "estimate", "name_row", "to_levels"]

# Level of what holds no power where nothing is known of other spectra, in dB.
SILENT_LEVEL = -120.0

# The floor of a spectrum, relative to its maximum.
_FLOOR = 1e-12

# Samples of one batch of rows that are computed again, near the cache.
_BATCH_SAMPLES = 2**18

# Values of one chunk whose logarithms are taken, and of one register of the processor.
_CHUNK_VALUES = 2**16
_REGISTER_VALUES = 16


def estimate(
    X,
    segments,
    how,
    n_jobs=None,
    *,
    levels=False,
    check=None,
    bridge=None,
    first_row=0,
):
    """Estimate the powers of signals, or their levels, whatever their scale.

    The powers of signals of ordinary scale are computed in the precision of X. Those
    of a signal whose powers leave the range of that precision are computed again in
    double precision. Each signal decides for itself.

    Parameters
    ----------
    X : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_times)
        Signals.

    segments : Segments
        Which segments and frequencies.

    how : {"mean", "median", "each"}
        Whether to return the mean or the median of the segments, or each of them.

    n_jobs : int, default=None
        Number of threads.

    levels : bool, default=False
        Return ``10 log10`` of the powers, with a floor 120 dB below the maximum of
        each signal.

    check : callable, default=None
        Called with X where some powers are no numbers, to raise an error of what X
        holds. Without one, signals with NaN or infinity have powers of NaN or infinity.

    bridge : callable, default=None
        Called with powers and the axis of their frequencies, to change them in place
        before their logarithms are taken.

    first_row : int, default=0
        Which row X starts with, for messages.

    Returns
    -------
    result : ndarray or Tensor of shape ([n_samples, [n_channels,]] n_freqs[, n_frames])

    silent : bool ndarray of shape ([n_samples, [n_channels,]])
        Which signals hold no power. Their result is 0 or `SILENT_LEVEL`.

    Raises
    ------
    ValueError
        If powers are too small or too large for the type of the result.
    """
    if X.ndim == 1:
        result, silent = estimate(
            X[None], segments, how, n_jobs, levels=levels, check=check, bridge=bridge
        )
        return result[0], silent[0]
    frames = (segments.n_segments,) if how == "each" else ()
    powers = empty_result(X, len(segments.freqs), *frames)
    coarse = None
    if how == "median":
        found = np.zeros((*X.shape[:-1], 2), int)
        views = zip(row_views(X, powers), row_views(X, found), strict=True)
        for (rows, out), (_, part) in views:
            part[:, 0], part[:, 1] = segments.median(rows, out, n_jobs)
        _warn_of_silent_segments(found[..., 0], segments.n_segments)
        coarse = found[..., 1].ravel() > 0
    else:
        for rows, out in row_views(X, powers):
            getattr(segments, how)(rows, out, n_jobs)

    def largest(powers):
        flat = powers.reshape(math.prod(X.shape[:-1]), -1)
        flat = flat if isinstance(X, torch.Tensor) else torch.from_numpy(flat)
        return flat.amax(1).cpu().numpy()

    top = largest(powers)
    # Values far below the maximum of a spectrum need all their digits too.
    least = np.finfo(top.dtype).tiny * 2.0 ** (50 if levels else 10)
    odd = None
    if not (least <= top.min() and top.max() < np.inf):  # also if one is NaN
        if check is not None and not np.isfinite(top).all():
            check(X)
        if frames and not levels:  # those of a gap stay alone
            xp = torch if isinstance(X, torch.Tensor) else np
            for row in np.flatnonzero(~np.isfinite(top)):
                place = np.unravel_index([row], X.shape[:-1])
                if xp.isfinite(X[tuple(int(p[0]) for p in place)]).all():
                    _refuse_large(place, 0, first_row, top.dtype)
            top = largest(xp.where(xp.isfinite(powers), powers, 0))
        odd = ~((top >= least) & np.isfinite(top))
    if coarse is not None and coarse.any():
        odd = coarse if odd is None else odd | coarse
    _bridge(bridge, powers, frames)
    result = to_levels(powers, (-2, -1) if frames else -1) if levels else powers
    silent = np.zeros(len(top), bool)
    if odd is None or not odd.any():
        return result, silent.reshape(X.shape[:-1])
    odd = np.flatnonzero(odd)
    for batch in gen_batches(len(odd), max(1, _BATCH_SAMPLES // X.shape[-1])):
        place = np.unravel_index(odd[batch], X.shape[:-1])
        rows = _again(X, place, segments, how, n_jobs, levels, bridge, first_row)
        silent[odd[batch]] = rows[1]
        if isinstance(X, torch.Tensor):
            place = tuple(torch.from_numpy(p).to(X.device) for p in place)
            result[place] = torch.from_numpy(rows[0]).to(result)
        else:
            result[place] = rows[0]
    return result, silent.reshape(X.shape[:-1])


def _bridge(bridge, powers, frames):
    if bridge is not None:
        with np.errstate(all="ignore"):  # of rows that are computed again
            bridge(powers, -2 if frames else -1)


def _again(X, place, segments, how, n_jobs, levels, bridge, first_row):
    """Return the powers or levels of some rows, and which are silent, from float64."""
    dtype = np.dtype("float32" if is_single(X) else "float64")
    if isinstance(X, torch.Tensor):
        rows = X[tuple(torch.from_numpy(p).to(X.device) for p in place)].cpu().numpy()
    else:
        rows = X[place]
    frames = (segments.n_segments,) if how == "each" else ()
    powers = np.zeros((len(rows), len(segments.freqs), *frames))
    exponents = np.zeros(len(rows), int)
    loud = ~segments.is_silent(rows)
    if rows.dtype.kind in "fc" and not is_single(rows):
        # A power of 2 changes no digit. Squares of float32 are within float64 anyway.
        rows = rows.astype(np.complex128 if is_complex(rows) else np.float64)
        exponents = np.array([_exponent(row, how) for row in rows])
        rows *= 2.0 ** (-exponents // 2)[:, None]  # in two steps, each a normal number
        rows *= 2.0 ** (-exponents - (-exponents // 2))[:, None]
    if loud.any():
        part = np.empty((loud.sum(), *powers.shape[1:]))
        getattr(segments, how)(rows[loud], part, n_jobs, double=True)
        _bridge(bridge, part, frames)
        powers[loud] = part
    flat = powers.reshape(len(rows), -1)
    silent = (flat == 0).all(1)
    if levels:
        level = to_levels(powers, (-2, -1) if frames else -1)
        shift = np.where(silent, 0, exponents) * (20 * np.log10(2))
        level += shift.reshape(-1, *[1] * (level.ndim - 1))
        return level.astype(dtype), silent
    with np.errstate(over="ignore", under="ignore"):
        values = np.ldexp(powers, 2 * exponents.reshape(-1, *[1] * (powers.ndim - 1)))
        values = values.astype(dtype)
    least = 16 * np.finfo(dtype).tiny
    largest = np.nan_to_num(values.reshape(len(rows), -1)).max(1)
    small = ~silent & (largest < least) & ~np.isnan(flat).all(1)
    if small.any():
        raise ValueError(
            f"The powers of X are too small for {dtype}: all those of "
            f"{name_row(place, small.argmax(), first_row)} are less than {least:.1g}. "
            "Use WelchPSD(decibels=True), scale signals of such small values first"
            + (", or pass float64." if dtype.itemsize == 4 else ".")
        )
    large = np.isinf(values.reshape(len(rows), -1)).any(1) & np.isfinite(rows).all(1)
    if large.any():
        _refuse_large(place, large.argmax(), first_row, dtype)
    return values, silent


def _refuse_large(place, i, first_row, dtype):
    raise ValueError(
        "The powers of X are not finite, although X is: those of "
        f"{name_row(place, i, first_row)} exceed {np.finfo(dtype).max:.1g}. Use "
        "WelchPSD(decibels=True), scale signals of such large values first, and look "
        "at fs and at what detrend returns."
    )


def _exponent(row, how):
    """Return the power of 2 that is the scale of a row."""
    size = np.abs(row.view(np.float64))
    size = size[np.isfinite(size)]
    scale = 0.0
    if how == "median" and size.size:  # of ordinary samples
        scale = np.median(size)
    if scale == 0 and size.size:
        scale = size.max()
    return int(np.frexp(scale)[1])


def name_row(place, i=0, first_row=0):
    """Return the words for a row of signals.

    Parameters
    ----------
    place : tuple of ndarray of int
        Index of each row in each axis but the last.

    i : int, default=0
        Which row.

    first_row : int, default=0
        Which row the index counts from.

    Returns
    -------
    words : str
        Such as "row 3" or "row 3, channel 0".
    """
    row, *channel = (int(index[i]) for index in place[:2])
    return f"row {row + first_row}" + "".join(f", channel {k}" for k in channel)


def _warn_of_silent_segments(n_silent, n_segments):
    some = (n_silent > 0) & (n_silent < n_segments)
    if some.any():
        place = np.nonzero(some)
        warnings.warn(
            f"average='median': {some.sum()} of {some.size} signals have segments "
            f"without power, {name_row(place)} {n_silent[some][0]} of {n_segments}. "
            "They pull the median down, as zeros after the end of a signal do. Use "
            "average='mean' for signals that are padded to one length.",
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
        Level of a spectrum of zeros.

    Returns
    -------
    levels : ndarray or Tensor of the shape and dtype of `powers`
        NaN and infinity stay where they are.
    """
    xp = torch if isinstance(powers, torch.Tensor) else np
    peak = xp.amax(powers, axis=axis, keepdims=True)
    if not xp.isfinite(peak).all():
        finite = xp.where(xp.isfinite(powers), powers, 0)
        peak = xp.amax(finite, axis=axis, keepdims=True)
    dtype = str(powers.dtype).removeprefix("torch.")
    least = float(np.finfo(dtype).smallest_subnormal)
    levels = xp.maximum(powers, (peak * _FLOOR).clip(least))
    if xp is np:
        levels = _log10(levels, 2 if isinstance(axis, tuple) else 1)
    else:
        xp.log10(levels, out=levels)
    levels *= 10
    silent = peak <= 0
    if silent.any():
        levels = xp.where(silent & ~xp.isnan(powers), silent_level, levels)
    return levels


def _log10(values, n_axes):
    """Return the logarithms; those of a row do not depend on where in memory it lies.

    NumPy computes whole registers in another way than the last values of an array, so
    each row is filled up to whole registers.
    """
    shape = values.shape
    rows = np.ascontiguousarray(values).reshape(-1, math.prod(shape[-n_axes:]))
    n = rows.shape[1]
    n_filled = -(-n // _REGISTER_VALUES) * _REGISTER_VALUES
    height = max(1, min(len(rows), _CHUNK_VALUES // max(1, n_filled)))
    chunk = np.ones((height, n_filled), values.dtype)
    for start in range(0, len(rows), height):
        batch = rows[start : start + height]
        part = chunk[: len(batch)]
        part[:, :n] = batch
        batch[...] = np.log10(part)[:, :n]
    return rows.reshape(shape)

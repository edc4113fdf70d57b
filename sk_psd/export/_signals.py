"""WelchPSD, Spectrogram and FFTMagnitude in an ONNX graph, in double precision."""

import numpy as np

from sk_psd._median import median_correction
from sk_psd._powers import FLOOR
from sk_psd.export._graph import where

__all__ = ["add_fft_magnitude", "add_segment_transformer", "fft"]

_EPS = np.finfo(np.float64).eps


def add_segment_transformer(step, x, name):
    """Compute the spectra or the spectrograms of signals.

    Parameters
    ----------
    step : WelchPSD or Spectrogram
        Fitted.

    x : Value of shape ([n_channels,] n_times, n_parts)
        One part for real signals, real and imaginary parts for complex ones.

    name : str
        Name of the step, for messages.

    Returns
    -------
    y : Value of shape ([n_channels,] n_freqs[, n_frames])
    """
    plan = step._plan(x.shape[-2])
    average = getattr(step, "average", None)
    if callable(plan.detrend):
        raise ValueError(
            f"The step {name!r} detrends by a function, which ONNX cannot express. Use "
            "detrend='constant', 'linear' or False."
        )
    if plan.omit_nan and average == "median":
        raise ValueError(
            f"The step {name!r} has average='median' and nan_segments='omit', which "
            "cannot be exported together. Use average='mean' or nan_segments='raise'."
        )
    x = x.cast(np.float64)
    is_real = x.shape[-1] == 1
    powers, n_used = _segment_powers(x, plan)
    if average == "mean" and n_used is None:
        powers = powers.reduce("Mean", (-2,))
    elif average == "mean":
        powers = powers.reduce("Sum", (-2,)) / n_used
    elif average == "median":
        powers = _median(powers)
    powers = _keep_frequencies(powers, plan, is_real)
    if average == "median":
        powers = powers * median_correction(plan, plan.n_segments, is_real)
    if plan.omit_nan:  # with NaN in every segment nothing is left
        x.graph.check_finite(powers)
    if step._notch is not None:
        powers = _bridge(powers, step._notch)
    if step.decibels:
        axes = (-1,) if average is not None else (-2, -1)
        powers = _to_levels(powers, axes, step, _is_constant(x, plan))
    if average is None:
        return powers.swap_last_axes()
    return powers.reshape(*powers.shape[:-2], powers.shape[-1])


def _segment_powers(x, plan):
    """Return the powers of all segments, and the number of those without NaN.

    Parameters
    ----------
    x : Value of shape (..., n_times, n_parts)

    plan : Segments

    Returns
    -------
    powers : Value of shape (..., n_segments, n_fft_freqs)
        0 in segments that are left out.

    n_used : Value of shape (..., 1, 1) or None
        None stands for all segments.
    """
    sizes = plan.nperseg, plan.step, plan.n_segments
    is_gap = None
    if plan.omit_nan:
        is_nan = x._like(x.graph.add("IsNaN", x.name), dtype=bool)
        x = where(is_nan, 0, x)
        gaps = is_nan.cast(np.int32).cut_windows(*sizes)
        gaps = gaps.reduce("Max", (-2, -1))
        is_gap = gaps.reshape(*gaps.shape[:-1]).equals(1)  # (..., n_segments, 1)
    segments = _detrend(x.cut_windows(*sizes), plan)
    # A value for each part, as onnxruntime is slow where it repeats the last axis.
    window = np.repeat(plan.window[:, None], x.shape[-1], axis=1)
    spectra = fft(segments * window, plan.nfft)
    powers = (spectra * spectra).reduce("Sum")
    powers = powers.reshape(*powers.shape[:-1])
    if is_gap is None:
        return powers, None
    is_used = is_gap.cast(np.float64) * -1 + 1
    return where(is_gap, 0, powers), is_used.reduce("Sum", (-2,))


def _detrend(segments, plan):
    """Subtract the mean or the line of segments of shape (..., nperseg, n_parts)."""
    if plan.detrend is False:
        return segments
    mean = segments.reduce("Mean", (-2,))
    if plan.detrend == "constant":
        return segments - mean
    middle = (plan.nperseg - 1) / 2
    time = (np.arange(plan.nperseg) - middle)[:, None]
    slope = (segments * time).reduce("Sum", (-2,)) / (float((time**2).sum()) or 1.0)
    rest = segments - (slope * time + mean)
    # A straight line leaves rounding errors only, which count as nothing.
    largest = rest.map("Abs").reduce("Max", (-2, -1))
    size = (mean.map("Abs") + slope.map("Abs") * middle) * (32 * _EPS)
    return where(largest.exceeds(size), rest, 0)


def fft(x, n=None):
    """Return the FFT of real or complex values.

    Parameters
    ----------
    x : Value of shape (..., n_values, n_parts)

    n : int, default=None
        Length of the FFT. Shorter values are padded with zeros.

    Returns
    -------
    spectra : Value of shape (..., n_fft_freqs, 2)
        From 0 to half of the sampling frequency for real values.
    """
    n = x.shape[-2] if n is None else n
    is_real = x.shape[-1] == 1
    length = x.graph.constant(np.array(n))
    options = dict(axis=len(x.shape) - 1, onesided=int(is_real))
    name = x.graph.add("DFT", x.name, length, **options)
    n_freqs = n // 2 + 1 if is_real else n
    return x._like(name, (*x.shape[:-2], n_freqs, 2))


def _median(powers):
    """Return the median over the segments, of shape (..., 1, n_fft_freqs)."""
    n = powers.shape[-2]
    smallest = powers.smallest(n // 2 + 1, axis=-2)
    upper = smallest.cut(n // 2, n // 2 + 1, axis=-2)
    if n % 2:
        return upper
    return (smallest.cut(n // 2 - 1, n // 2, axis=-2) + upper) * 0.5


def _keep_frequencies(powers, plan, is_real):
    """Return the powers at the frequencies to keep, in ascending order."""
    nfft = plan.nfft
    places = np.abs(plan.bins) if is_real else plan.bins % nfft
    weights = np.ones(len(places))
    if plan.onesided:  # add the powers of negative frequencies
        weights[(places > 0) & (2 * places < nfft)] = 2
    kept = powers.pick(places)
    if not plan.has_all_freqs:
        # Beside a strong line outside of the band, less than this is rounding.
        least = powers.reduce("Max") * (4 * _EPS) ** 2
        kept = where(kept.reduce("Max").exceeds(least), kept, 0)
    return kept * weights


def _bridge(powers, notch):
    """Replace the powers in the notches, see `sk_psd._notch.Notch`."""
    left = np.arange(powers.shape[-1])
    right, weights = left.copy(), np.zeros(len(left))
    for inside, before, after, weight in notch._runs:
        left[inside], right[inside], weights[inside] = before, after, weight
    # Powers elsewhere stay as they are: the exponents are 1 and 0.
    before = powers.pick(left).power(1 - weights)
    return before * powers.pick(right).power(weights)


def _is_constant(x, plan):
    """Return which signals detrending turns into nothing, of shape (..., 1, 1)."""
    if plan.detrend is False:
        return None
    span = x.reduce("Max", (-2,)) + x.reduce("Min", (-2,)) * -1
    return span.reduce("Max").equals(0)


def _to_levels(powers, axes, step, is_constant):
    """Return levels in decibels within their range.

    Parameters
    ----------
    powers : Value of shape (..., n_segments, n_freqs)
        Or with one segment for averages.

    axes : tuple of int
        Axes of one spectrum, or spectrogram.

    step : WelchPSD or Spectrogram

    is_constant : Value of shape (..., 1, 1) or None

    Returns
    -------
    levels : Value of the shape of `powers`
    """
    peak = powers.reduce("Max", axes)
    least = np.finfo(np.float64).smallest_subnormal
    levels = powers.clip((peak * FLOOR).clip(least)).log10() * 10
    empty, n = step._segments.empty_bin, powers.shape[-1]
    if empty is not None and n > 1:
        beside = [place for place in (empty - 1, empty + 1) if 0 <= place < n]
        left, right = np.arange(n), np.arange(n)
        left[empty], right[empty] = beside[0], beside[-1]
        levels = (levels.pick(left) + levels.pick(right)) * 0.5
    if step.range_db_ is not None:
        levels = levels.clip(levels.reduce("Max", axes) - step.range_db_)
    has_power = peak.exceeds(0)
    if is_constant is not None:
        has_power = has_power & is_constant.map("Not")
    return where(has_power, levels, step.silent_level_)


def add_fft_magnitude(step, x, name):
    """Compute the magnitudes of the FFT of real or complex rows.

    Parameters
    ----------
    step : FFTMagnitude
        Fitted.

    x : Value of shape ([n_channels,] n_times, n_parts)

    name : str
        Not used.

    Returns
    -------
    magnitude : Value of shape ([n_channels,] n_freqs)
    """
    spectra = fft(x.cast(np.float64))
    magnitude = (spectra * spectra).reduce("Sum").map("Sqrt")
    magnitude = magnitude.reshape(*magnitude.shape[:-1])
    n = magnitude.shape[-1]
    if x.shape[-1] == 1:
        return magnitude
    return magnitude.pick(np.fft.fftshift(np.arange(n)))

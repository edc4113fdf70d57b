"""Steps that scale, align or resample spectra, in an ONNX graph."""

import numpy as np

from sk_psd._log_cells import find_cells
from sk_psd.export._graph import concatenate, where
from sk_psd.export._rolls import canonical_roll

__all__ = [
    "add_log_frequency",
    "add_min_max_scale",
    "add_peak_align",
    "add_standard_scaler",
    "min_max_scale",
]


def min_max_scale(x, axes=(-1,)):
    """Scale each spectrum to [0, 1] by its own minimum and maximum over axes."""
    low = x.reduce("Min", axes)
    span = x.reduce("Max", axes) - low
    return (x - low) / where(span.equals(0), 1, span)


def add_min_max_scale(step, x, name):
    """Scale spectra or spectrograms as a fitted MinMaxScale does."""
    low, high = map(float, step.feature_range)
    together = step.per == "spectrogram" and len(x.shape) > 1
    unit = min_max_scale(x, (-2, -1) if together else (-1,))
    return (unit * (high - low) + low).clip(low, high)


def add_peak_align(step, x, name):
    """Roll spectra as a fitted PeakAlign does."""
    return canonical_roll(x)


def add_standard_scaler(step, x, name):
    """Scale columns as a fitted StandardScaler does."""
    if step.mean_ is not None and step.with_mean:
        x = x - step.mean_
    return x / step.scale_ if step.scale_ is not None else x


def add_log_frequency(step, x, name):
    """Resample spectra as a fitted LogFrequency does."""
    left, part, edges = find_cells(step._freqs_in, step.freqs_)
    parts = []
    if len(left):
        values = x.pick(left), x.pick(left + 1)
        parts.append(_interpolate(*values, part, step.decibels))
    if len(edges):
        parts.append(_reduce(x, edges, step.reduce, step.decibels))
    return concatenate(parts)


def _interpolate(left, right, part, decibels):
    """Interpolate between two values, or between the powers of two levels."""
    if not decibels:
        return left * (1 - part) + right * part
    top, least = left.clip(right), left.clip(high=right)
    power = ((left - top) * 0.1).exp10() * (1 - part)
    power = power + ((right - top) * 0.1).exp10() * part
    return (top + power.log10() * 10).clip(least)


def _reduce(x, edges, reduce, decibels):
    """Return the maximum or the mean of the values between every two edges."""
    widths = np.diff(edges)
    # Each cell is as long as the longest one, and repeats its last bin.
    steps = np.arange(widths.max())
    places = edges[:-1, None] + np.minimum(steps, widths[:, None] - 1)
    cells = x.pick(places)  # (..., n_cells, n_steps)
    weights = (steps < widths[:, None]) / widths[:, None]
    if reduce == "max":
        result = cells.reduce("Max")
    elif decibels:  # relative to the maximum, as in sk_psd.resampling
        top = cells.reduce("Max")
        powers = ((cells - top) * 0.1).exp10() * weights
        result = top + powers.reduce("Sum").log10() * 10
    else:
        result = (cells * weights).reduce("Sum")
    return result.reshape(*result.shape[:-1])

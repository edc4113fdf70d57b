"""InvariantFeatures in an ONNX graph."""

import numpy as np

from sk_psd._feature_plan import (
    DECADES,
    FILTERS,
    LEAST_MAGNITUDE,
    choose_ranks,
    list_pairs,
    split_into_octaves,
)
from sk_psd.export._graph import concatenate
from sk_psd.export._rolls import canonical_roll
from sk_psd.export._signals import fft
from sk_psd.export._spectra import min_max_scale

__all__ = ["add_invariant_features"]


def add_invariant_features(step, x, name):
    """Compute the features of a fitted InvariantFeatures.

    Parameters
    ----------
    step : InvariantFeatures

    x : Value of shape ([n_channels,] n_freqs)

    name : str
        Not used.

    Returns
    -------
    features : Value of shape (n_features,)
        The Fourier magnitudes and the bispectrum are computed in double precision.
    """
    x = min_max_scale(x)
    if step.align:
        x = canonical_roll(x)
    parts = []
    for _, octave in split_into_octaves(x, step.n_octaves, _halve):
        n = octave.shape[-1]
        ranks = choose_ranks(n, step.n_ranks)
        for weights in FILTERS.values():
            parts.append(_filter(octave, weights).smallest(n).pick(ranks))
    parts = [part.cast(np.float64) for part in parts]
    n_fourier, n_bispectrum = step._counts(x.shape[-1])
    double = x.cast(np.float64)
    if n_fourier or n_bispectrum:
        coefficients = fft(double.reshape(*x.shape, 1)) / x.shape[-1]
    if n_fourier:
        kept = coefficients.cut(1, n_fourier + 1, axis=-2)
        magnitudes = _magnitude(kept)
        powers = fft((double * DECADES).exp10().reshape(*x.shape, 1))
        total = powers.pick(0, axis=-1).cut(0, 1)
        powers = _magnitude(powers.cut(1, n_fourier + 1, axis=-2))
        logarithms = (magnitudes + LEAST_MAGNITUDE).map("Log")
        parts += [magnitudes, logarithms, powers / total]
    if n_bispectrum:
        parts += _bispectrum(coefficients, *list_pairs(n_bispectrum))
    features = concatenate(parts)
    return features.reshape(int(np.prod(features.shape)))


def _halve(x):
    """Return means of pairs of neighbors. An odd last bin is left out."""
    n = x.shape[-1] // 2 * 2
    return (x.cut(0, n, 2) + x.cut(1, n, 2)) * 0.5


def _filter(x, weights):
    """Return the weighted sums of each bin and its neighbors on the circle."""
    parts = [x.roll(-distance) * weight for distance, weight in weights.items()]
    return sum(parts[1:], parts[0])


def _magnitude(spectra):
    """Return the magnitudes of complex numbers of shape (..., n, 2)."""
    squares = (spectra * spectra).reduce("Sum")
    return squares.reshape(*squares.shape[:-1]).map("Sqrt")


def _bispectrum(coefficients, i, j):
    """Return the real and the imaginary part of the bispectrum of pairs."""
    magnitudes = _magnitude(coefficients)
    least = np.finfo(np.float32).tiny
    scale = magnitudes.clip(least).power(-2 / 3)
    real, imag = (coefficients.pick(part) * scale for part in (0, 1))

    def multiply(first, second):
        return (
            first[0] * second[0] - first[1] * second[1],
            first[0] * second[1] + first[1] * second[0],
        )

    product = multiply(
        (real.pick(i), imag.pick(i)),
        (real.pick(j), imag.pick(j)),
    )
    third = real.pick(i + j), imag.pick(i + j) * -1
    return list(multiply(product, third))

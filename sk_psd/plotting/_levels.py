"""Spectra of a Pipeline for displays, in decibels, with their axes."""

from numbers import Integral

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted

from sk_psd._arrays import as_ndarray
from sk_psd._frequency_axis import frequencies_of
from sk_psd.inspection._net_input import list_steps
from sk_psd.resampling import LogFrequency
from sk_psd.spectral import decibels

__all__ = ["Spectra", "check_axis_values", "find_spectra", "pick_sample"]


class Spectra:
    """Spectra or spectrograms, and the axes to draw them on.

    Parameters
    ----------
    values : ndarray of shape (n_samples, [n_channels,] n_freqs[, n_frames])

    freqs : ndarray of shape (n_freqs,)

    unit : {"Hz", "bins"}

    times : ndarray of shape (n_frames,) or None
        In seconds.

    level_name : str
        Label of the values, with their unit.
    """

    def __init__(self, values, freqs, unit, times, level_name):
        self.values = values
        self.freqs = freqs
        self.unit = unit
        self.times = times
        self.level_name = level_name


def find_spectra(estimator, X):
    """Return the spectra that the first WelchPSD or Spectrogram makes of signals.

    Parameters
    ----------
    estimator : estimator object
        Fitted :class:`WelchPSD`, :class:`Spectrogram` or a Pipeline with one of them.
        For a Pipeline without them X holds spectra already.

    X : array-like
        Input of the estimator.

    Returns
    -------
    spectra : Spectra
        In decibels if a step makes them. Otherwise the values of X.
    """
    check_is_fitted(estimator)
    steps = list_steps(estimator)
    makers = [i for i, step in enumerate(steps) if _makes_spectra(step)]
    if makers:
        for step in steps[: makers[0]]:
            X = step.transform(X)
        maker = steps[makers[0]]
        values = as_ndarray(maker.transform(X), "X")
        times = getattr(maker, "times_", None)
        if not maker.decibels:
            values = decibels(values, axis=-1 if times is None else (-2, -1))
        density = maker.scaling == "density"
        name = "power density (dB/Hz)" if density else "power (dB)"
        return Spectra(values, maker.freqs_, "Hz", times, name)
    freqs = frequencies_of(X)
    X = as_ndarray(X, "X")
    if np.iscomplexobj(X):
        raise ValueError(
            "X holds complex signals, but estimator has no step that makes spectra of "
            "them. Pass a Pipeline with WelchPSD or Spectrogram, or spectra."
        )
    unit = "bins" if freqs is None else "Hz"
    freqs = np.arange(X.shape[-1], dtype=np.float64) if freqs is None else freqs
    return Spectra(X, freqs, unit, None, "level")


def pick_sample(X, sample):
    """Return one row of X, as an array-like of one row.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)

    sample : int
        Index of the row.

    Returns
    -------
    row : array-like of shape (1, ...)

    Raises
    ------
    ValueError
        If `sample` is not the index of a row.
    """
    if not (isinstance(sample, Integral) and -len(X) <= sample < len(X)):
        raise ValueError(
            f"sample must be the index of one of the {len(X)} rows of X. Got "
            f"{sample!r}."
        )
    return _safe_indexing(X, [int(sample) % len(X)])


def _makes_spectra(step):
    """Say whether a step is a WelchPSD or a Spectrogram, or has the same attributes."""
    has_axis = hasattr(step, "fs") and hasattr(step, "freqs_")
    return has_axis and not isinstance(step, LogFrequency)


def check_axis_values(name, values, n_values):
    """Return frequencies of bins or times of frames, or their numbers if None.

    Parameters
    ----------
    name : {"freqs", "times"}
        For the message.

    values : array-like of shape (n_values,) or None

    n_values : int
        The length that is needed.

    Returns
    -------
    values : float64 ndarray

    Raises
    ------
    ValueError
        If the shape is not (n_values,).
    """
    if values is None:
        return np.arange(n_values, dtype=np.float64)
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (n_values,):
        raise ValueError(
            f"{name} must be of shape ({n_values},), one for each value of the "
            f"spectra. Got shape {values.shape}."
        )
    return values

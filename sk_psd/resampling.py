"""Resample spectra to a logarithmic frequency axis: `LogFrequency`."""

import warnings

import numpy as np
import torch
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from sk_psd._arguments import check_flag, check_option
from sk_psd._arrays import as_real, tensor_to_ndarray
from sk_psd._constraints import Number, StrOptions, at_least, rate
from sk_psd._frequency_axis import frequencies_of, full_axis
from sk_psd._frequency_names import read_frequencies, write_names
from sk_psd._layout import warn_of_frames
from sk_psd._log_cells import find_cells
from sk_psd._numbers import as_float, as_rate
from sk_psd._transformer import Transformer
from sk_psd._validation import check_rows

__all__ = ["LogFrequency", "log_frequency"]


def log_frequency(X, freqs, targets, reduce="max", *, decibels=False):
    """Resample spectra to frequencies that are a constant factor apart.

    Each target frequency has a cell around it. Two cells meet at the geometric mean of
    their targets. Of a cell at least as wide as a bin, the result is the largest value
    in it or their mean. Of a narrower cell it is the value at the target, interpolated
    between two bins.

    Parameters
    ----------
    X : array-like or Tensor of shape (..., n_bins)
        Spectra.

    freqs : array-like of shape (n_bins,)
        Frequencies of X, in Hz or any other unit: equally spaced and ascending, none
        negative.

    targets : array-like of shape (n_freqs,)
        Frequencies of the result, in the unit of `freqs` and within them: positive, a
        constant factor apart.

    reduce : {"max", "mean"}, default="max"
        How several values in one cell become one.

    decibels : bool, default=False
        Whether X is in decibels. Powers are averaged and interpolated then, not
        decibels, and the result is in decibels again.

    Returns
    -------
    resampled : ndarray or Tensor of shape (..., n_freqs)
        float32 for float32 and float16, else float64.

    Raises
    ------
    TypeError
        If X does not hold real numbers.

    ValueError
        If `freqs` or `targets` are other frequencies than described above, or a
        parameter is none of the above. Rounded targets, such as 63, 125 and 250 Hz, are
        taken.

    See Also
    --------
    LogFrequency : Transformer that finds the frequencies of X and of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.resampling import log_frequency
    >>> freqs, targets = np.arange(9.0), np.array([1.0, 2.0, 4.0, 8.0])
    >>> log_frequency(np.arange(0, 90, 10), freqs, targets)
    array([10., 20., 50., 80.])
    """
    X = as_real(X)
    freqs, targets = _check_axes(X, freqs, targets)
    check_option("reduce", reduce, ("max", "mean"))
    check_flag("decibels", decibels)
    left, part, first_bins = find_cells(freqs, targets)
    is_tensor = isinstance(X, torch.Tensor)
    part = torch.from_numpy(part).to(X) if is_tensor else part.astype(X.dtype)
    narrow = _interpolate(X[..., left], X[..., left + 1], part, decibels)
    if not len(first_bins):
        return narrow
    in_cells = X[..., first_bins[0] : first_bins[-1]]
    reduce_cells = _reduce_tensor if is_tensor else _reduce_array
    wide = reduce_cells(in_cells, first_bins - first_bins[0], reduce, decibels)
    return (torch.cat if is_tensor else np.concatenate)((narrow, wide), -1)


def _check_axes(X, freqs, targets):
    """Return both axes as arrays of float64, or raise an error."""
    freqs, targets = (
        as_real(tensor_to_ndarray(axis), name, "frequencies in Hz").astype(np.float64)
        for axis, name in [(freqs, "freqs"), (targets, "targets")]
    )
    n_bins = X.shape[-1] if X.ndim else 0
    if freqs.shape != (n_bins,) or n_bins < 2:
        raise ValueError(
            "freqs must be the frequencies of the last axis of X, two at least. Got "
            f"shape {freqs.shape} for X of shape {tuple(X.shape)}."
        )
    steps = np.diff(freqs)
    is_even = np.allclose(steps, steps.mean(), rtol=0, atol=0.05 * abs(steps.mean()))
    if not (is_even and steps.mean() > 0 and freqs[0] >= 0):
        raise ValueError(
            "log_frequency needs one-sided spectra: freqs must be equally spaced, "
            f"ascending and not negative. Got {freqs[0]:g} to {freqs[-1]:g}. Use "
            "return_onesided=True for them."
        )
    is_axis = targets.ndim == 1 and len(targets) >= 2 and (targets > 0).all()
    if not (is_axis and (np.diff(targets) > 0).all() and np.isfinite(targets).all()):
        raise ValueError(
            "targets must be two or more positive, ascending frequencies, as "
            f"np.geomspace returns them. Got shape {targets.shape}: {targets!r}."
        )
    factors = np.diff(np.log(targets))
    if not np.allclose(factors, factors.mean(), rtol=0, atol=0.1 * factors.mean()):
        raise ValueError(
            "targets must be a constant factor apart, as np.geomspace returns them. "
            f"Got factors from {np.exp(factors.min()):g} to "
            f"{np.exp(factors.max()):g}."
        )
    step = steps.mean()
    if targets[0] < freqs[0] - step / 2 or targets[-1] > freqs[-1] + step / 2:
        raise ValueError(
            f"targets must lie within freqs, from {freqs[0]:g} to {freqs[-1]:g}. Got "
            f"{targets[0]:g} to {targets[-1]:g}."
        )
    return freqs, targets


def _interpolate(left, right, part, decibels):
    """Interpolate between two values, or between the powers of two levels.

    Parameters
    ----------
    left, right : ndarray or Tensor of shape (..., n)

    part : ndarray or Tensor of shape (n,)
        Position between the two, from 0 (left) to 1 (right).

    decibels : bool

    Returns
    -------
    values : ndarray or Tensor of shape (..., n)
    """
    if not decibels:
        return left * (1 - part) + right * part
    xp = torch if isinstance(left, torch.Tensor) else np
    top, least = xp.maximum(left, right), xp.minimum(left, right)
    power = 10 ** ((left - top) / 10) * (1 - part) + 10 ** ((right - top) / 10) * part
    with np.errstate(divide="ignore"):  # at the lower of two levels far apart
        return xp.maximum(top + 10 * xp.log10(power), least)


def _reduce_array(X, edges, reduce, decibels):
    """Take the maximum or mean of the values between every two edges.

    Parameters
    ----------
    X : ndarray of shape (..., n_values)

    edges : int ndarray of shape (n_cells + 1,)
        From 0 to n_values.

    reduce : {"max", "mean"}

    decibels : bool

    Returns
    -------
    values : ndarray of shape (..., n_cells)
    """
    first, widths = edges[:-1], np.diff(edges)
    if reduce == "max":
        return np.maximum.reduceat(X, first, axis=-1)
    if decibels:  # relative to the maximum, so that no power overflows
        top = np.maximum.reduceat(X, first, axis=-1)
        powers = 10 ** ((X - np.repeat(top, widths, axis=-1)) / 10)
        means = np.add.reduceat(powers, first, axis=-1) / widths.astype(X.dtype)
        return top + 10 * np.log10(means)
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.add.reduceat(X, first, axis=-1) / widths.astype(X.dtype)
    if np.isfinite(means).all():
        return means
    # Where a sum exceeds the largest number, divide before adding.
    parts = X / np.repeat(widths, widths).astype(X.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        again = np.add.reduceat(parts, first, axis=-1)
    low = np.minimum.reduceat(X, first, axis=-1)
    high = np.maximum.reduceat(X, first, axis=-1)
    return np.where(np.isfinite(means), means, np.clip(again, low, high))


def _reduce_tensor(X, edges, reduce, decibels):
    """Do the same as `_reduce_array` with a Tensor, on its device."""
    widths = np.diff(edges)
    cells = torch.from_numpy(np.repeat(np.arange(len(widths)), widths))
    cells = cells.to(X.device).expand(X.shape)

    def reduce_by(how, values):
        found = values.new_empty(*X.shape[:-1], len(widths))
        return found.scatter_reduce_(-1, cells, values, how, include_self=False)

    top = reduce_by("amax", X)
    if reduce == "max":
        return top
    if decibels:
        repeats = torch.from_numpy(widths).to(X.device)
        powers = 10 ** ((X - torch.repeat_interleave(top, repeats, -1)) / 10)
        return top + 10 * torch.log10(reduce_by("mean", powers))
    means = reduce_by("mean", X)
    if torch.isfinite(means).all():
        return means
    parts = X / torch.from_numpy(np.repeat(widths, widths)).to(X)
    again = reduce_by("sum", parts).clip(reduce_by("amin", X), top)
    return torch.where(torch.isfinite(means), means, again)


def _check_known(freqs, fs):
    """Raise an error if the frequencies of X have two sides or contradict `fs`."""
    if freqs[0] < 0:
        raise ValueError(
            f"LogFrequency needs one-sided spectra, but X starts at {freqs[0]} Hz. Use "
            "WelchPSD(return_onesided=True)."
        )
    # Names are rounded, and the axis of an odd nfft ends half a bin before fs / 2.
    if fs is not None and freqs[-1] > fs / 2 + (freqs[1] - freqs[0]):
        raise ValueError(
            f"fs (={fs:g}) contradicts X, whose last column is at {freqs[-1]:g} Hz: a "
            f"one-sided axis ends at fs / 2 (={fs / 2:g} Hz). Pass the fs of the "
            "signals, the same as to WelchPSD."
        )


class LogFrequency(Transformer):
    """Resample one-sided spectra to a logarithmic frequency axis.

    A change of speed or pitch stretches the spectrum of a machine or a sound: all
    frequencies are multiplied by one factor. On a logarithmic axis the stretch is a
    shift. A :class:`GlobalPoolCNNClassifier` with ``padding_mode="zeros"`` is trained
    to ignore such shifts.

    Parameters
    ----------
    n_freqs : int, default=512
        Length of the new axis. With fewer frequencies more cells are wider than a bin,
        and fewer values are interpolated.

    fs : float, default=None
        Sampling frequency of the signals, in Hz. With it the axis of X runs from 0 to
        ``fs / 2``, and all frequencies are in Hz. None reads the frequencies from the
        names of the columns. Without such names frequencies are in bins, and the first
        column is bin 0.

    fmin, fmax : float, default=None
        First and last frequency of the new axis, in the unit of `freqs_`. They may lie
        up to a bin outside of the axis of X, and are then its first or last frequency.
        None is the first frequency above zero, or the last one.

    reduce : {"max", "mean"}, default="max"
        How several values in one cell of the new axis become one. The maximum keeps the
        height of lines.

    decibels : bool, default=False
        Whether X is in decibels. Powers are averaged and interpolated then, not
        decibels, and the result is in decibels again. A mean of decibels lies far below
        the level of a line.

    Attributes
    ----------
    freqs_ : ndarray of shape (`n_freqs`,)
        Frequencies of the new axis, a constant factor apart. In Hz if `fs` is given or
        the columns of X have the names that :class:`WelchPSD` gives them, else in bins.

    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : With ``return_onesided=True``, the step before this one.

    Notes
    -----
    Where `fmin` or `fmax` of :class:`WelchPSD` cut the axis, it no longer runs from 0
    to ``fs / 2``. The result of `WelchPSD` then carries its frequencies, as do those of
    :class:`MinMaxScale` and the other transformers of spectra of this package, and this
    class reads them if `fs` is given. A step of another package, such as
    :class:`sklearn.preprocessing.StandardScaler`, drops them, and the axis is then
    taken to run from 0 to ``fs / 2``, without an error. With such a step between the
    two, call ``set_output(transform="pandas")`` (or "polars") on the pipeline, and
    the names of the columns carry the frequencies.

    Cells narrower than a bin, at low frequencies, are interpolated.

    The last axis of X is resampled. In spectrograms that is time. Swap the axes first,
    by ``np.swapaxes(S, -1, -2)``, and leave `fmin` and `fmax` to this class, as
    spectrograms do not carry their frequencies.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import LogFrequency
    >>> X = np.zeros((2, 65))
    >>> X[0, [4, 8, 16]], X[1, [8, 16, 32]] = 1, 1  # the second an octave higher
    >>> log = LogFrequency(n_freqs=7, fs=128).fit(X)
    >>> log.freqs_
    array([ 1.,  2.,  4.,  8., 16., 32., 64.])
    >>> log.transform(X)
    array([[0., 0., 1., 1., 1., 0., 0.],
           [0., 0., 0., 1., 1., 1., 0.]])
    """

    _parameter_constraints = {
        "n_freqs": [at_least(2)],
        "fs": [rate(), None],
        "fmin": [Number(0, None), None],
        "fmax": [Number(0, None), None],
        "reduce": [StrOptions({"max", "mean"})],
        "decibels": ["boolean"],
    }

    def __init__(
        self,
        n_freqs=512,
        *,
        fs=None,
        fmin=None,
        fmax=None,
        reduce="max",
        decibels=False,
    ):
        self.n_freqs = n_freqs
        self.fs = fs
        self.fmin = fmin
        self.fmax = fmax
        self.reduce = reduce
        self.decibels = decibels

    def fit(self, X, y=None):
        """Check the parameters and find the frequencies of the new axis.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            One-sided spectra.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        self._fit(X)
        return self

    def fit_transform(self, X, y=None):
        """Find the frequencies of the new axis and resample each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            One-sided spectra.

        y : None
            Ignored.

        Returns
        -------
        resampled : ndarray of shape (n_samples, [n_channels,] `n_freqs`)
            Spectra on the logarithmic axis.
        """
        return self._resample(self._fit(X))

    def transform(self, X):
        """Resample each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra on the axis seen in `fit`. Each channel is resampled on its own.

        Returns
        -------
        resampled : ndarray of shape (n_samples, [n_channels,] `n_freqs`)
            Spectra on the logarithmic axis. A tensor on the device of X if X is one and
            array API dispatch is on.
        """
        check_is_fitted(self)
        carried = frequencies_of(X)
        X = check_rows(self, X, reset=False, allow_tensor=True)
        self._compare_axis(carried)
        return self._resample(X)

    def get_feature_names_out(self, input_features=None):
        """Return a name for each frequency, such as "psd_1250.0Hz" or "bin_12.5".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns of X. Those of :class:`WelchPSD` turn bins into Hz.

        Returns
        -------
        names : ndarray of str objects
            With at least one decimal and as many as keep them apart.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features, generate_names=False)
        if self._unit == "Hz":
            return write_names(self.freqs_, "psd_", "Hz")
        named = read_frequencies(names)
        if named is None:
            return write_names(self.freqs_, "bin_", "")
        step = (named[-1] - named[0]) / (len(named) - 1)
        return write_names(named[0] + step * self.freqs_, "psd_", "Hz")

    def _fit(self, X):
        self._validate_params()
        carried = frequencies_of(X)
        X = check_rows(self, X, reset=True, allow_tensor=True)
        warn_of_frames("LogFrequency", X)
        if X.shape[-1] < 2:
            raise ValueError(
                "LogFrequency needs spectra of at least 2 frequencies. Got n_features "
                f"= {X.shape[-1]}."
            )
        self._freqs_in, self._unit = self._find_axis(carried)
        self.freqs_ = np.geomspace(*self._find_limits(), self.n_freqs)
        return X

    def _find_axis(self, carried):
        """Return the frequencies of X and their unit, "Hz" or "bins"."""
        named = read_frequencies(getattr(self, "feature_names_in_", None))
        freqs = carried if named is None else named
        fs = None if self.fs is None else as_rate(self.fs)
        if freqs is None and fs is not None:
            freqs = full_axis(fs, self.n_features_in_)
        if freqs is not None:
            _check_known(freqs, fs)
        if named is not None or fs is not None:
            return freqs, "Hz"
        if freqs is not None and freqs[0] > 0:
            raise ValueError(
                f"The first column of X is at {freqs[0]:g} Hz. LogFrequency without fs "
                "would take it for 0. Pass fs=..., the same as to WelchPSD. All "
                "frequencies are in Hz then."
            )
        return np.arange(float(self.n_features_in_)), "bins"

    def _find_limits(self):
        """Return the first and the last frequency of the new axis."""
        freqs, unit = self._freqs_in, self._unit
        low = freqs[freqs > 0][0] if self.fmin is None else as_float(self.fmin)
        if self.fmin is None and len(freqs) == 2 and freqs[0] == 0:
            low /= 2  # as X has one frequency above zero only
        high = freqs[-1] if self.fmax is None else as_float(self.fmax)
        # The fmin that WelchPSD was given lies up to a bin before its first frequency.
        step = freqs[1] - freqs[0]
        inside = freqs[0] - step < low and high < freqs[-1] + step
        low, high = max(low, freqs[0]), min(high, freqs[-1])
        if inside and low < 1e-100 * high:
            raise ValueError(
                f"fmin (={self.fmin}) must be at least 1e-100 of the last frequency "
                f"(={high:g}), as it is divided by. Leave it None for the first "
                "frequency above zero."
            )
        if not inside or low >= high:
            raise ValueError(
                f"fmin (={self.fmin}) and fmax (={self.fmax}) must lie, in ascending "
                f"order, within the axis of X, from {freqs[0]:g} to {freqs[-1]:g} "
                f"{unit}."
                + (" They are in bins: pass fs=... for Hz." if unit == "bins" else "")
            )
        return low, high

    def _compare_axis(self, carried):
        """Raise an error if the axis of X is not the one that `fit` saw."""
        if carried is None:
            return
        step = carried[1] - carried[0]
        freqs = carried if self._unit == "Hz" else carried / step
        tolerance = 0.02 * (self._freqs_in[1] - self._freqs_in[0])
        if np.abs(freqs - self._freqs_in).max() > tolerance:
            raise ValueError(
                f"The columns of X are frequencies from {carried[0]:g} to "
                f"{carried[-1]:g} Hz, but those seen in fit were from "
                f"{self._freqs_in[0]:g} to {self._freqs_in[-1]:g} {self._unit}. "
                "Transform spectra of the WelchPSD that made those of fit."
            )

    def _resample(self, X):
        if self.reduce == "mean" and not self.decibels and (X < 0).any():
            warnings.warn(
                "LogFrequency(reduce='mean'): X holds negative values. If it is in "
                "decibels, use decibels=True, which averages the powers.",
                stacklevel=3,
            )
        return log_frequency(
            X, self._freqs_in, self.freqs_, self.reduce, decibels=self.decibels
        )

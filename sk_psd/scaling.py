"""Scale or align each spectrum on its own: `MinMaxScale`, `PeakAlign`."""

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sk_psd._arrays import as_real, check_axis
from sk_psd._constraints import StrOptions
from sk_psd._layout import warn_of_frames, warn_of_waveforms
from sk_psd._numbers import as_float
from sk_psd._shift import canonical_roll
from sk_psd._transformer import SpectrumTransformer

__all__ = ["MinMaxScale", "PeakAlign", "min_max_scale"]


def min_max_scale(X, feature_range=(0, 1), axis=-1):
    """Scale each spectrum to a range by its own minimum and maximum.

    Parameters
    ----------
    X : array-like or Tensor of shape (..., n_freqs)
        Real spectra.

    feature_range : (float, float), default=(0, 1)
        Lower and upper bound.

    axis : int or tuple of int, default=-1
        Axis, or axes, along which one spectrum lies.

    Returns
    -------
    scaled : ndarray or Tensor of shape (..., n_freqs)
        float32 for float32 and float16, else float64. A flat spectrum becomes the
        lower bound everywhere.

    Raises
    ------
    TypeError
        If X does not hold real numbers.

    ValueError
        If X is empty, has no such axis, or `feature_range` is not two ascending numbers
        that the type of the result holds.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.scaling import min_max_scale
    >>> min_max_scale(np.array([[-128, 127, -1]], dtype=np.int8))
    array([[0.        , 1.        , 0.49803922]])
    """
    X = as_real(X)
    xp = torch if isinstance(X, torch.Tensor) else np
    low, high = _read_range(feature_range)
    _check_bounds(X, low, high)
    if X.ndim == 0 or 0 in X.shape:
        raise ValueError(f"X must hold one value at least. Got shape {tuple(X.shape)}.")
    check_axis(axis, X.ndim)
    bottom = xp.amin(X, axis=axis, keepdims=True)
    top = xp.amax(X, axis=axis, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        span = top - bottom
        if xp.isfinite(span).all():
            unit = (X - bottom) / xp.where(span == 0, 1, span)
        else:  # half of each spectrum whose span exceeds the largest number
            half = xp.where(xp.isfinite(span), 1.0, 0.5)
            half = half.to(X.dtype) if xp is torch else half.astype(X.dtype)
            X, bottom = X * half, bottom * half
            span = top * half - bottom
            unit = (X - bottom) / xp.where(span == 0, 1, span)
    if np.isfinite(_round_to_type(X, high - low)):
        unit *= high - low
        unit += low
    else:
        unit = low * (1 - unit) + high * unit
    return xp.clip(unit, low, high, out=unit)


def _read_range(feature_range):
    """Return the two bounds as floats, or raise an error."""
    try:
        low, high = (as_float(bound) for bound in feature_range)
        ordered = np.isfinite([low, high]).all() and low < high
    except (TypeError, ValueError, OverflowError):
        ordered = False
    if not ordered:
        raise ValueError(
            "feature_range must be a tuple of two finite numbers (min, max) with "
            f"min < max. Got {feature_range!r} instead."
        )
    return low, high


def _round_to_type(X, value):
    """Return a number rounded to the type of X, as a float."""
    if isinstance(X, torch.Tensor):
        number = torch.tensor(value, dtype=torch.float64, device="cpu")
        return float(number.to(X.dtype))
    with np.errstate(over="ignore"):
        return float(X.dtype.type(value))


def _check_bounds(X, low, high):
    """Raise an error if a bound is too large for the type of X."""
    if not np.isfinite([_round_to_type(X, bound) for bound in (low, high)]).all():
        raise ValueError(
            f"feature_range (={(low, high)}) must lie within the numbers of "
            f"{X.dtype}. Choose a smaller range, or pass float64."
        )


class MinMaxScale(SpectrumTransformer):
    """Scale each spectrum on its own to a range, [0, 1] by default.

    Every row is scaled by its own minimum and maximum, so that the gain of the receiver
    does not matter. :class:`sklearn.preprocessing.MinMaxScaler` scales every column, by
    the minimum and maximum of the training data.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        Bounds of the result. A flat spectrum maps to the lower one.

    per : {"spectrum", "spectrogram"}, default="spectrum"
        Which values are scaled together: those along the last axis of X, or along the
        last two. After :class:`Spectrogram`, whose last axis is time, choose
        "spectrogram".

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : The step before this one, usually with `decibels=True`.

    Examples
    --------
    >>> from sk_psd import MinMaxScale
    >>> MinMaxScale().fit_transform([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]])
    array([[0.  , 0.25, 1.  ],
           [0.  , 0.  , 0.  ]])
    """

    _parameter_constraints = {
        "feature_range": "no_validation",  # in _fit, both bounds at once
        "per": [StrOptions({"spectrum", "spectrogram"})],
    }

    def __init__(self, feature_range=(0, 1), *, per="spectrum"):
        self.feature_range = feature_range
        self.per = per

    _allow_tensor = True

    @property
    def _max_ndim(self):
        return 4 if self.per == "spectrogram" else 3

    def _fit(self, X):
        _read_range(self.feature_range)
        return super()._fit(X)

    def transform(self, X):
        """Scale each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the frequency axis seen in `fit`. Each channel
            is scaled on its own.

        Returns
        -------
        scaled : ndarray of the shape of X
            float32 stays float32, other numbers become float64. A tensor on the device
            of X if X is one and array API dispatch is on.
        """
        return self._apply(self._check(X))

    def _apply(self, X):
        together = -1 if self.per == "spectrum" or X.ndim == 2 else (-2, -1)
        return min_max_scale(X, self.feature_range, together)


class PeakAlign(SpectrumTransformer):
    """Roll each spectrum so that its strongest neighborhood lies in the middle.

    All circular shifts of a spectrum give the same result, bit for bit. An estimator
    after this one is therefore exactly invariant to them. The neighborhood is at most a
    64th of the axis, a power of two bins. Where two neighborhoods are equally strong,
    the values that follow decide.

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    GlobalPoolCNNClassifier : Aligns so before a prediction, if its invariance is exact.
    FFTMagnitude : The FFT of a spectrum, another exactly invariant description.

    Notes
    -----
    One-sided spectra of real signals have an axis with two ends. The values that are
    rolled out at one end come in at the other, at frequencies where they never were.
    All channels of a sample are rolled together, by the peak of their sum.

    Examples
    --------
    >>> from sk_psd import PeakAlign
    >>> PeakAlign().fit_transform([[0, 1, 3, 2, 0], [2, 0, 0, 1, 3]])
    array([[0., 1., 3., 2., 0.],
           [0., 1., 3., 2., 0.]])
    """

    def _fit(self, X):
        X = super()._fit(X)
        warn_of_waveforms("PeakAlign", X)
        warn_of_frames("PeakAlign", X)
        return X

    def _frequencies_out(self, freqs):
        return None  # a rolled bin is at another frequency than its column

    def get_feature_names_out(self, input_features=None):
        """Return a name for each bin: its distance from the middle.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, as a rolled bin is at another frequency than its column.

        Returns
        -------
        names : ndarray of str objects
            "aligned-2", "aligned-1", "aligned+0", ... in bins.
        """
        check_is_fitted(self, "n_features_in_")
        n_bins = self.n_features_in_
        distances = np.arange(n_bins) - n_bins // 2
        return np.array([f"aligned{d:+d}" for d in distances], dtype=object)

    def transform(self, X):
        """Align each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra of the length seen in `fit`.

        Returns
        -------
        aligned : ndarray of the shape of X
            Rolled spectra.
        """
        return self._apply(self._check(X))

    def _apply(self, X):
        def align(part):
            return canonical_roll(torch.from_numpy(part)).numpy()

        return self._in_chunks(align, X)

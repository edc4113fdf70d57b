"""Per-spectrum transformers: scale, align."""

import numpy as np
import torch

from sk_psd._validation import SpectrumTransformer
from sk_psd.nn.shift import canonical_roll

__all__ = ["MinMaxScale", "PeakAlign", "min_max_scale"]


def min_max_scale(X, feature_range=(0, 1)):
    """Scale each spectrum to a range by its own minimum and maximum.

    Parameters
    ----------
    X : ndarray of shape (..., n_freqs)
        Real spectra.

    feature_range : (float, float), default=(0, 1)
        Lower and upper bound.

    Returns
    -------
    scaled : ndarray of shape (..., n_freqs)
        A flat spectrum becomes the lower bound everywhere.
    """
    low, high = (X.dtype.type(bound) for bound in feature_range)
    bottom = X.min(axis=-1, keepdims=True)
    top = X.max(axis=-1, keepdims=True)
    with np.errstate(over="ignore"):
        span = top - bottom
    if not np.isfinite(span).all():  # beyond the largest number: scale in halves
        X, bottom, span = X / 2, bottom / 2, top / 2 - bottom / 2
    unit = (X - bottom) / np.where(span == 0, 1, span)
    unit *= high - low
    unit += low
    return np.clip(unit, low, high, out=unit)


class MinMaxScale(SpectrumTransformer):
    """Scale each spectrum on its own to a range, [0, 1] by default.

    Unlike :class:`sklearn.preprocessing.MinMaxScaler`, which scales every column by
    what it saw in `fit`, this scales every row by its own minimum and maximum, so the
    gain of the receiver does not matter.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        Bounds of the result. A flat spectrum maps to the lower one.

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    WelchPSD : With `decibels=True`, the usual step before this one.

    Examples
    --------
    >>> from sk_psd import MinMaxScale
    >>> MinMaxScale().fit_transform([[1.0, 2.0, 5.0], [3.0, 3.0, 3.0]])
    array([[0.  , 0.25, 1.  ],
           [0.  , 0.  , 0.  ]])
    """

    def __init__(self, feature_range=(0, 1)):
        self.feature_range = feature_range

    def _fit(self, X):
        try:
            low, high = self.feature_range
            ordered = np.isfinite([low, high]).all() and low < high
        except (TypeError, ValueError):
            ordered = False
        if not ordered:
            raise ValueError(
                "feature_range must be a tuple of two finite numbers (min, max) with "
                f"min < max. Got {self.feature_range!r} instead."
            )
        return super()._fit(X)

    def transform(self, X):
        """Scale each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra of the length seen in `fit`. Each channel is scaled on its own.

        Returns
        -------
        scaled : ndarray of the shape of X
            Scaled spectra.
        """
        return min_max_scale(self._check(X), self.feature_range)


class PeakAlign(SpectrumTransformer):
    """Roll each spectrum so that its strongest neighbourhood lies in the middle.

    All circular shifts of a spectrum become the same, bit for bit, so that any
    estimator after this one is exactly invariant to them. The neighbourhood is a 64th
    of the axis; ties are resolved by the values that follow.

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    GlobalPoolCNNClassifier : Does the same before each prediction.
    FFTMagnitude : Of spectra, another exactly invariant description.

    Notes
    -----
    On an axis that ends (one-sided spectra of real signals) what is rolled out at one
    end comes in at the other, where it never was. All channels of a sample move
    together, by the peak of their sum.

    Examples
    --------
    >>> from sk_psd import PeakAlign
    >>> PeakAlign().fit_transform([[0, 1, 3, 2, 0], [2, 0, 0, 1, 3]])
    array([[0., 1., 3., 2., 0.],
           [0., 1., 3., 2., 0.]])
    """

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

        def align(part):
            return canonical_roll(torch.from_numpy(part)).numpy()

        return self._in_chunks(align, self._check(X))

"""Base classes of the transformers."""

from functools import wraps

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sk_psd._doc_link import DocLink
from sk_psd._frequency_axis import frequencies_of, with_frequencies
from sk_psd._pages import release_pages
from sk_psd._state import VersionedState
from sk_psd._validation import check_rows

__all__ = ["SpectrumTransformer", "Transformer"]

# Values of one chunk of rows. They stay in the cache of a processor.
_CHUNK_VALUES = 2**18


def _finish_output(framed):
    """Wrap a method that scikit-learn has wrapped for `set_output`.

    A result for X of two axes becomes a data frame where one is wanted. Data frames
    have no third axis, so a result for X of more axes stays an array. An array whose
    columns are no multiples of one frequency carries the frequencies to the next step.
    The memory of a mapped file is released.
    """
    plain = framed.__wrapped__

    @wraps(plain)
    def method(self, X, *args, **kwargs):
        n_axes = _count_axes(X)
        result = (framed if n_axes <= 2 else plain)(self, X, *args, **kwargs)
        release_pages(X)
        return with_frequencies(result, self._frequencies_out(frequencies_of(X)))

    return method


def _count_axes(X):
    """Return the number of axes of an array-like, or of a list of arrays."""
    if isinstance(X, (list, tuple)) and len(X) and hasattr(X[0], "ndim"):
        return 1 + X[0].ndim  # the lengths may be unequal
    # Not np.ndim, which some array-likes refuse.
    return getattr(X, "ndim", None) or np.asarray(X).ndim


class Transformer(TransformerMixin, VersionedState, DocLink, BaseEstimator):
    """Base of all transformers: state, output for `set_output`, and dtypes."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)  # wraps both methods for set_output
        for name in ("transform", "fit_transform"):
            method = vars(cls).get(name)
            if hasattr(method, "__wrapped__"):
                setattr(cls, name, _finish_output(method))

    def _frequencies_out(self, freqs):
        """Return the frequencies that the output carries, given those of the input."""
        return None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


# Outside of the class, where scikit-learn does not wrap it a second time.
Transformer.fit_transform = _finish_output(TransformerMixin.fit_transform)


class SpectrumTransformer(OneToOneFeatureMixin, Transformer):
    """Base of transformers of rows that learn the length of the rows at most.

    A subclass defines `_apply`, which transforms rows that were checked. It may extend
    `_fit`, which checks parameters and rows.
    """

    _parameter_constraints = {}
    # Arguments of check_rows.
    _allow_complex = False
    _allow_tensor = False
    _max_ndim = 3

    def fit(self, X, y=None):
        """Check the parameters and remember the length of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to fit.

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
        """Fit to the rows and transform them. They are checked once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to fit and to transform.

        y : None
            Ignored.

        Returns
        -------
        transformed : ndarray
            The result of `transform`.
        """
        return self._apply(self._fit(X))

    def _fit(self, X):
        """Check the parameters and X, and return X as an array."""
        self._validate_params()
        return self._check_rows(X, reset=True)

    def _check(self, X):
        """Compare X with what `fit` saw, and return X as an array."""
        check_is_fitted(self, "n_features_in_")
        return self._check_rows(X, reset=False)

    def _check_rows(self, X, reset):
        return check_rows(
            self,
            X,
            reset=reset,
            max_ndim=self._max_ndim,
            allow_complex=self._allow_complex,
            allow_tensor=self._allow_tensor,
        )

    def _frequencies_out(self, freqs):
        return freqs  # each column of the output is that of the input

    def _in_chunks(self, function, X):
        """Apply a function to a few rows at a time, so that it needs little memory."""
        result = np.empty_like(X, order="C")
        n_rows = max(1, _CHUNK_VALUES // max(1, X[0].size))
        for first in range(0, len(X), n_rows):
            rows = slice(first, first + n_rows)
            # A copy, as torch warns of arrays that are read-only.
            result[rows] = function(np.array(X[rows], order="C"))
        return result

"""Bases of the transformers: their state, their output and their dtypes."""

from functools import wraps

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from sk_psd._state import VersionedState
from sk_psd._validation import check_rows

__all__ = ["SpectrumTransformer", "Transformer"]

# Values in one chunk of rows, near the cache.
_CHUNK_VALUES = 2**18


def _framed_if_two_axes(framed):
    plain = framed.__wrapped__

    @wraps(plain)
    def method(self, X, *args, **kwargs):
        # Not np.ndim, which some array-likes refuse.
        n_axes = getattr(X, "ndim", None) or np.asarray(X).ndim
        return (framed if n_axes <= 2 else plain)(self, X, *args, **kwargs)

    return method


class Transformer(TransformerMixin, VersionedState, BaseEstimator):
    """Base of all transformers: float32 stays, and three axes come back as an array.

    Data frames have two axes. With `set_output`, or scikit-learn's global option, the
    result for X of more axes is therefore an array.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)  # wraps both methods for set_output
        for name in ("transform", "fit_transform"):
            method = vars(cls).get(name)
            if hasattr(method, "__wrapped__"):
                setattr(cls, name, _framed_if_two_axes(method))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


# Here, as scikit-learn would wrap it once more inside of the class.
Transformer.fit_transform = _framed_if_two_axes(TransformerMixin.fit_transform)


class SpectrumTransformer(OneToOneFeatureMixin, Transformer):
    """Base of transformers that learn nothing but the length of the rows."""

    _parameter_constraints = {}
    _allow_complex = False

    def fit(self, X, y=None):
        """Check the parameters and remember the length of the spectra.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra.

        y : None
            Ignored.

        Returns
        -------
        self : object
            Fitted transformer.
        """
        self._fit(X)
        return self

    def _fit(self, X):
        self._validate_params()
        return self._check_rows(X, reset=True)

    def _check(self, X):
        check_is_fitted(self, "n_features_in_")
        return self._check_rows(X, reset=False)

    def _check_rows(self, X, reset):
        return check_rows(
            self, X, reset=reset, allow_3d=True, allow_complex=self._allow_complex
        )

    def _in_chunks(self, function, X):
        """Apply a function to some rows at a time, so that memory stays small."""
        result = np.empty_like(X, order="C")
        for rows in gen_batches(len(X), max(1, _CHUNK_VALUES // max(1, X[0].size))):
            # A copy, as torch warns of arrays that are read-only.
            result[rows] = function(np.array(X[rows], order="C"))
        return result

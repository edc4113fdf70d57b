"""Predictions and features of a trained net."""

from abc import abstractmethod
from functools import partial

import numpy as np
from sklearn.base import (
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from sk_psd._chunks import count_min_rows, run_in_chunks
from sk_psd._net_estimator import NetEstimator
from sk_psd._shift import canonical_roll
from sk_psd._standardize import standardize
from sk_psd._targets import IndicatorTargets, LabelTargets

__all__ = ["NetPredictor"]


class NetPredictor(
    ClassNamePrefixFeaturesOutMixin, ClassifierMixin, TransformerMixin, NetEstimator
):
    """Base of the classifiers that predict by the net of their `fit`.

    The `fit` of a subclass sets `module_`, `classes_`, `mean_`, `scale_`,
    `_is_multilabel` and `_is_exact`.
    """

    # Whether y was an indicator matrix. Files of earlier versions lack this attribute.
    _is_multilabel = False

    @property
    @abstractmethod
    def _module_class(self):
        """Class of the torch module."""

    @abstractmethod
    def _check(self, X, reset):
        """Return checked spectra with an axis of channels, as arrays or Tensors."""

    @property
    def _targets(self):
        """The targets of the previous fit."""
        check_is_fitted(self, "module_")
        kind = IndicatorTargets if self._is_multilabel else LabelTargets
        return kind(self.classes_)

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. A row does not depend on the others. Its
            sum is 1, except after a fit with an indicator matrix: then each class has a
            probability of its own.
        """
        to_proba = self._targets.to_proba
        parts = [to_proba(logits) for logits in self._logits(X)]
        return sum(parts) / len(parts)

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        log_proba : float64 ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. Finite also where a probability is too
            small for a number, so that logarithms of many windows can be summed.
        """
        to_log_proba = self._targets.to_log_proba
        parts = [to_log_proba(logits) for logits in self._logits(X)]
        return np.logaddexp.reduce(parts, axis=0) - np.log(len(parts))

    def predict(self, X):
        """Return the most probable class, or an indicator matrix of predicted classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Labels as in `classes_`. After a fit with an indicator matrix, an indicator
            matrix of int: 1 where the probability is above 0.5, and 0 elsewhere.
        """
        proba = self.predict_proba(X)
        return self._targets.decode(self._targets.to_codes(proba))

    def transform(self, X):
        """Return the features that the last, linear layer of the net sees.

        Any estimator can stand on them, also as the step after the net in a Pipeline.
        They describe shapes that the net was not trained on as well. Where the
        invariance is exact, all circular shifts of a spectrum have the same features.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs[, n_frames])
            Spectra or spectrograms on the axes seen in `fit`.

        Returns
        -------
        features : float64 ndarray of shape (n_samples, n_features_out)
            Pooled values of the channels of the last convolution. A row does not
            depend on the others. Data frames if `set_output` asks for them.
        """
        return self._run_net(X, self._module_class.embed, self._n_features_out)

    @property
    def _n_features_out(self):
        """Number of features, for their names."""
        check_is_fitted(self, "module_")
        return self.module_.head.in_features

    def _logits(self, X):
        """Return logits (n_samples, n_classes) of unchecked X, in float64, in a list.

        The probabilities of all items of the list are averaged.
        """
        check_is_fitted(self, "module_")
        return [self._run_net(X, self._module_class.forward, len(self.classes_))]

    def _run_net(self, X, function, n_out):
        """Return the results of ``function(module, x)`` for unchecked X, in float64."""
        X = self._check(X, reset=False)
        module = self.module_
        if module.training:  # as eval() visits all layers
            module.eval()
        device = next(module.parameters()).device

        def prepare(rows):
            x = standardize(rows, self.mean_, self.scale_).to(device)
            return canonical_roll(x) if self._is_exact else x

        run = partial(function, module)
        min_rows = count_min_rows(module, device)
        result = run_in_chunks(run, X, n_out, device, prepare, min_rows)
        if not np.isfinite(result).all():
            row = int(np.flatnonzero(~np.isfinite(result).all(axis=1))[0])
            raise ValueError(
                f"The net has no finite result for row {row} of X: its values, up to "
                f"{float(abs(X[row]).max()):.3g}, lie too far from those of the "
                f"training data (mean {self.mean_:.3g}, deviation {self.scale_:.3g}). "
                "Scale X as the training data were."
            )
        return result.astype(np.float64)

"""A classifier of spectra by invariant features: `InvariantFeaturesClassifier`."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    has_fit_parameter,
)

from sk_psd._arrays import tensor_to_ndarray
from sk_psd._constraints import HasMethods, at_least
from sk_psd._doc_link import DocLink
from sk_psd._fitted_state import FittedState
from sk_psd._state import VersionedState
from sk_psd._validation import (
    check_labels,
    check_rows,
    check_weights,
    find_classes,
    keep_weighted,
)
from sk_psd.augmentation import BatchAugmentation, list_augmentations
from sk_psd.invariant_features import InvariantFeatures

__all__ = ["InvariantFeaturesClassifier"]

# Number of values of the spectra in one call of an augmentation.
_CHUNK_VALUES = 2**20


def _can_tell_probabilities(self):
    """Say whether the classifier of the features has predict_proba."""
    inner = getattr(self, "classifier_", self.classifier)
    return inner is None or getattr(inner, "predict_proba", None) is not None


class InvariantFeaturesClassifier(
    FittedState, ClassifierMixin, VersionedState, DocLink, BaseEstimator
):
    """Classify spectra by :class:`InvariantFeatures` and a classifier of scikit-learn.

    The classifier is trained on the features of the spectra and of randomly changed
    copies of the spectra. The training is much faster than that of
    :class:`GlobalPoolCNNClassifier`. The two classifiers vote together in
    :func:`make_spectrum_classifier` with ``vote=True``.

    Parameters
    ----------
    features : InvariantFeatures, default=None
        Transformer from spectra to features. None is
        ``InvariantFeatures(n_bispectrum=28)``, with all three kinds of features.

    classifier : classifier, default=None
        Classifier of the standardized features. None is
        ``LogisticRegression(C=0.02, tol=1e-3, max_iter=1000)``.

    augmentation : None, object or list of objects, default=None
        Random changes of the copies: objects of :mod:`sk_psd.augmentation`, applied in
        this order. Their `random_state` is not used. None makes no copies. On an axis
        that ends ``RandomFreqShift(0.1, mode="floor")`` is a good choice.

    n_copies : int, default=3
        Number of changed copies of each training spectrum. The training data are the
        spectra and all copies. Without `augmentation` there are no copies.

    random_state : int, RandomState instance or None, default=None
        Seed of the changes of the copies. It is not passed on to `classifier`. Pass an
        int for identical copies in every `fit`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.

    features_ : InvariantFeatures
        The fitted transformer.

    scaler_ : StandardScaler
        Mean and deviation of each feature.

    classifier_ : classifier
        The fitted classifier of the standardized features.

    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    InvariantFeatures : The features alone.
    GlobalPoolCNNClassifier : The net.

    Notes
    -----
    With ``InvariantFeatures(align=True)`` predictions are exactly the same for every
    circular shift of a spectrum.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import InvariantFeaturesClassifier
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> model = InvariantFeaturesClassifier().fit(X, y)
    >>> model.predict(np.roll(X[[0, -1]], 25, axis=1))
    array(['narrow', 'wide'], dtype='<U6')
    """

    _parameter_constraints = {
        "features": [InvariantFeatures, None],
        "classifier": [HasMethods(["fit", "predict"]), None],
        "augmentation": [BatchAugmentation, list, tuple, None],
        "n_copies": [at_least(0)],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        features=None,
        classifier=None,
        *,
        augmentation=None,
        n_copies=3,
        random_state=None,
    ):
        self.features = features
        self.classifier = classifier
        self.augmentation = augmentation
        self.n_copies = n_copies
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Train the classifier on the features of the spectra and of their copies.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra in decibels.

        y : array-like of shape (n_samples,)
            Labels of any type, of at least two classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. Samples of weight 0 are left out. The `fit` of
            `classifier` must take weights.

        Returns
        -------
        self : object
            Fitted classifier.
        """
        with self._unfitted_on_error():
            self._validate_params()
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X, y, sample_weight):
        steps = list_augmentations(self.augmentation, [], None)
        X = check_rows(self, X, reset=True)
        y = check_labels(self, X, y)
        find_classes(self, y)
        classifier = LogisticRegression(C=0.02, tol=1e-3, max_iter=1000)
        if self.classifier is not None:
            classifier = clone(self.classifier)
        weights = None
        if sample_weight is not None:
            if not has_fit_parameter(classifier, "sample_weight"):
                raise ValueError(
                    "sample_weight needs a classifier whose fit takes sample_weight. "
                    f"{type(classifier).__name__} does not. Choose another classifier, "
                    "or leave sample_weight out."
                )
            # Weights are not scaled: their sum sets the strength of a regularization.
            weights = _check_sample_weight(
                tensor_to_ndarray(sample_weight), X, dtype=np.float64
            )
            check_weights(weights, X)
            X, y, weights = keep_weighted(weights, X, y, weights)
        self.classes_ = find_classes(self, y)
        self.features_ = InvariantFeatures(n_bispectrum=28)
        if self.features is not None:
            self.features_ = clone(self.features)
        rows = [self.features_.fit_transform(X)]
        n_copies = int(self.n_copies) if steps else 0
        for copy in _change(X, steps, n_copies, self.random_state):
            rows.append(self.features_.transform(copy))
        rows = np.concatenate(rows)
        y = np.tile(y, 1 + n_copies)
        options = {}
        if weights is not None:
            options["sample_weight"] = np.tile(weights, 1 + n_copies)
        self.scaler_ = StandardScaler()
        rows = self.scaler_.fit_transform(rows, **options)
        self.classifier_ = classifier.fit(rows, y, **options)

    def _describe(self, X):
        """Return the standardized features of spectra."""
        check_is_fitted(self, "classifier_")
        X = check_rows(self, X, reset=False)
        rows = self.scaler_.transform(self.features_.transform(X))
        # In double precision, so that the probabilities sum to 1 as scikit-learn asks.
        return rows.astype(np.float64)

    @available_if(_can_tell_probabilities)
    def predict_proba(self, X):
        """Return the probability of each class for each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra of the length seen in `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. The method exists only if `classifier`
            has it.
        """
        rows = self._describe(X)
        return self.classifier_.predict_proba(rows)

    def predict(self, X):
        """Return the class of each spectrum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_freqs) or (n_samples, n_channels, n_freqs)
            Spectra of the length seen in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.
        """
        rows = self._describe(X)
        return self.classifier_.predict(rows)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        # scikit-learn's checks use blobs of two features. An invariant classifier
        # cannot tell (a, b) from (b, a). Our tests check the accuracy on spectra.
        tags.classifier_tags.poor_score = True
        return tags


def _change(X, steps, n_copies, random_state):
    """Yield randomly changed copies of spectra.

    Parameters
    ----------
    X : ndarray of shape (n_samples, [n_channels,] n_freqs)

    steps : list of BatchAugmentation

    n_copies : int

    random_state : int, RandomState instance or None

    Yields
    ------
    copy : ndarray of the shape of X
    """
    if not n_copies:
        return
    seed = check_random_state(random_state).randint(2**31 - 1)
    generator = torch.Generator().manual_seed(int(seed))
    x = torch.from_numpy(np.array(X, order="C"))  # torch warns of read-only arrays
    x = x[:, None] if x.ndim == 2 else x
    functions = [step.for_batches(x) for step in steps]
    n_rows = max(1, _CHUNK_VALUES // max(1, x[0].numel()))
    for _ in range(n_copies):
        parts = []
        for first in range(0, len(x), n_rows):
            rows = torch.arange(first, min(first + n_rows, len(x)))
            part = x[rows]
            for function in functions:
                part = function(part, rows, generator)
            parts.append(part)
        yield torch.cat(parts).reshape(X.shape).numpy()

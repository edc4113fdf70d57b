"""Targets of a classifier: one label for each sample, or a matrix of indicators."""

import warnings
from numbers import Real

import numpy as np
import torch
from scipy.sparse import issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.utils.validation import check_consistent_length

from sk_psd._arrays import tensor_to_ndarray
from sk_psd._class_weights import weigh_indicators, weigh_samples
from sk_psd._holdout import set_aside, set_aside_by_rarest
from sk_psd._validation import check_classes, check_labels, encode_labels, find_classes

__all__ = ["IndicatorTargets", "LabelTargets", "read_targets"]


class _Targets:
    """Base of the two kinds of targets.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
    """

    def __init__(self, classes):
        self.classes = classes

    def mean_the_same_as(self, other):
        """Say whether other targets are of the same kind and the same classes."""
        return type(self) is type(other) and np.array_equal(self.classes, other.classes)


class LabelTargets(_Targets):
    """One label for each sample: cross entropy and a softmax over the classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels in sorted order.
    """

    is_multilabel = False
    criterion = torch.nn.CrossEntropyLoss
    nonlinearity = "auto"  # that of skorch
    set_aside = staticmethod(set_aside)

    def __str__(self):
        return str(self.classes.tolist())

    def encode(self, y):
        """Return the index of the class of each label, int64 of shape (n_samples,)."""
        if y.ndim == 2:
            raise ValueError(
                f"y is an indicator matrix of shape {y.shape}, but the classifier was "
                f"trained with one label for each sample, of the classes {self}. Pass "
                "such labels, or train another classifier."
            )
        return encode_labels(y, self.classes)

    def weigh(self, X, codes, sample_weight, class_weight):
        """Return the samples of weight above 0, their codes and their weights."""
        return weigh_samples(X, codes, self.classes, sample_weight, class_weight)

    def decode(self, codes):
        """Return the labels of codes."""
        return self.classes[codes]

    def to_proba(self, logits):
        """Return probabilities, which sum to 1 in each row."""
        return softmax(logits, axis=1)

    def to_log_proba(self, logits):
        """Return the logarithms of the probabilities."""
        return log_softmax(logits, axis=1)

    def to_codes(self, scores):
        """Return the codes of the most probable classes.

        `scores` is an ndarray of probabilities, or a Tensor of logits.
        """
        return scores.argmax(1)

    def are_right(self, logits, codes):
        """Say for each sample whether the prediction is right. Takes Tensors."""
        return self.to_codes(logits) == codes


class IndicatorTargets(_Targets):
    """Several labels for each sample, or none: a sigmoid for each class.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Numbers of the columns of y, from 0.
    """

    is_multilabel = True
    criterion = torch.nn.BCEWithLogitsLoss
    nonlinearity = staticmethod(torch.sigmoid)
    set_aside = staticmethod(set_aside_by_rarest)

    def __str__(self):
        return f"the {len(self.classes)} columns of an indicator matrix"

    def encode(self, y):
        """Return the indicators as float32 of shape (n_samples, n_classes)."""
        n_classes = len(self.classes)
        if y.ndim == 1:
            raise ValueError(
                "y holds one label for each sample, but the classifier was trained "
                f"with an indicator matrix. Pass one of shape (n_samples, {n_classes})."
            )
        if y.shape[1] != n_classes:
            raise ValueError(
                f"y has {y.shape[1]} columns, but the classifier was trained with an "
                f"indicator matrix of {n_classes} columns, one for each class."
            )
        return y.astype(np.float32)

    def weigh(self, X, codes, sample_weight, class_weight):
        """Return the samples of weight above 0, and weights of all their indicators."""
        return weigh_indicators(X, codes, self.classes, sample_weight, class_weight)

    def decode(self, codes):
        """Return indicators as integers."""
        return codes.astype(int)

    def to_proba(self, logits):
        """Return the probability of each class on its own."""
        return expit(logits)

    def to_log_proba(self, logits):
        """Return the logarithms of the probabilities."""
        return log_expit(logits)

    def to_codes(self, scores):
        """Return True where a probability is above 0.5."""
        return scores > 0.5

    def are_right(self, logits, codes):
        """Say for each sample whether all of its labels are right. Takes Tensors."""
        return ((logits > 0) == (codes > 0.5)).all(dim=1)


def read_targets(estimator, X, y, *, known=None, classes=None):
    """Check y, and return the kind of its targets and the codes.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    X : ndarray of shape (n_samples, ...)

    y : array-like of shape (n_samples,), or array-like or sparse of shape \
            (n_samples, n_classes)
        Labels of any type. Or an indicator matrix: 1 where a sample has a label and 0
        elsewhere, or booleans.

    known : LabelTargets or IndicatorTargets, default=None
        Targets of an earlier fit, to which y must belong as well.

    classes : array-like of shape (n_classes,), default=None
        The `classes` of `partial_fit`. None stands for those in `y`.

    Returns
    -------
    targets : LabelTargets or IndicatorTargets

    codes : int64 ndarray of shape (n_samples,) or float32 one of (n_samples, n_classes)

    Raises
    ------
    ValueError
        If y is None, has another number of samples than X, holds neither labels nor
        indicators, or if classes are missing in y or in `classes`.

    Warns
    -----
    UserWarning
        In `fit`, if every row of an indicator matrix has a single 1.
    """
    y = _check_targets(estimator, X, y)
    if classes is not None:
        classes = check_classes(estimator, classes)
    targets = _find_targets(estimator, y, classes) if known is None else known
    if classes is not None and not np.array_equal(classes, targets.classes):
        expected = (
            "the numbers of the columns of y (={}), as y is an indicator matrix"
            if known is None
            else "those of the first call (={}), or None"
        )
        raise ValueError(
            f"classes (={classes.tolist()}) must be "
            f"{expected.format(targets.classes.tolist())}."
        )
    return targets, targets.encode(y)


def _check_targets(estimator, X, y):
    """Return y as an array of labels, or as an indicator matrix of int8."""
    y = y.toarray() if issparse(y) else tensor_to_ndarray(y)
    array = _as_array(y)
    if array is None:
        raise ValueError(
            "y holds a collection of labels for each sample. "
            f"{type(estimator).__name__} takes an indicator matrix: pass "
            "MultiLabelBinarizer().fit_transform(y) of sklearn.preprocessing."
        )
    if array.ndim != 2 or array.shape[1] < 2:
        return check_labels(estimator, X, y)
    indicators = _check_indicators(array)
    check_consistent_length(X, indicators)
    return indicators


def _as_array(y):
    """Return y as an array, or None if it holds lists of unequal lengths, or sets."""
    try:
        array = np.asarray(y)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        return None
    kinds = (set, frozenset, list, tuple, np.ndarray)
    is_column = array.ndim == 1 and array.dtype == object
    if is_column and any(isinstance(item, kinds) for item in array):
        return None
    return array


def _check_indicators(y):
    """Return a matrix of 0 and 1 as int8."""
    if y.dtype == object:
        y = np.array(y.tolist())
    if y.dtype.kind in "biuf":
        wrong = ~np.isin(y, (0, 1))
    else:  # Strings, or objects beside a missing value such as pandas.NA.
        kinds = Real, np.bool_
        is_bit = [isinstance(item, kinds) and item in (0, 1) for item in y.flat]
        wrong = ~np.array(is_bit, bool).reshape(y.shape)
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        value = np.asarray(y[row, column]).item()
        raise ValueError(
            f"y of shape {y.shape} must be an indicator matrix: 1 where the sample "
            "(row) has the label (column) and 0 elsewhere. Got "
            f"{value!r} in row {row}, column {column}. For rows that list labels, "
            "pass MultiLabelBinarizer().fit_transform(y) of "
            "sklearn.preprocessing. For columns of other classes than 0 and 1, train "
            "one classifier for each column, by MultiOutputClassifier of "
            "sklearn.multioutput."
        )
    return y.astype(np.int8)


def _find_targets(estimator, y, classes):
    """Return the targets of a checked y, with at least two classes."""
    if y.ndim == 2:
        # No warning in partial_fit: a batch may have such rows by chance.
        if classes is None and (y.sum(axis=1) == 1).all():
            warnings.warn(
                "Every row of y has a single 1, as one-hot rows have. "
                f"{type(estimator).__name__} takes y for an indicator matrix, in which "
                "a sample may have several labels. If each sample has one label, pass "
                "y.argmax(axis=1): the probabilities of a sample then sum to 1.",
                stacklevel=4,
            )
        return IndicatorTargets(np.arange(y.shape[1]))
    return LabelTargets(find_classes(estimator, y) if classes is None else classes)

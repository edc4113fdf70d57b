"""The weight of each training sample: its own, times that of its class."""

from numbers import Real

import numpy as np

from sk_psd._row_view import select_rows
from sk_psd._validation import check_weights, keep_weighted, scale_weights

__all__ = ["weigh_indicators", "weigh_samples"]


def weigh_samples(X, codes, classes, sample_weight=None, class_weight=None):
    """Return the samples of weight above 0 and their weights.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, ...)

    codes : int64 ndarray of shape (n_samples,)
        Index of each sample's class.

    classes : ndarray of shape (n_classes,)
        Labels of the classes.

    sample_weight : array-like of shape (n_samples,) or None, default=None

    class_weight : dict, "balanced" or None, default=None
        "balanced" gives all classes that occur the same total weight.

    Returns
    -------
    X, codes : like the parameters
        Without the samples of weight 0. X is a RowView if it lies in a mapped file and
        some samples are left out.

    weights : float64 ndarray of shape (n_samples,)
        Their mean is 1.
    """
    weights = check_weights(sample_weight, codes)
    X, codes, weights = keep_weighted(weights, X, codes, weights, take=select_rows)
    if class_weight is not None:
        if class_weight == "balanced":
            totals = np.bincount(codes, weights, len(classes))
            factors = weights.sum() / (np.count_nonzero(totals) * totals[codes])
        else:
            factors = _weights_of_classes(class_weight, classes)[codes]
        if not factors.any():
            raise ValueError("At least one weight must be positive. Got zeros only.")
        weights = weights * scale_weights(factors)
        X, codes, weights = keep_weighted(weights, X, codes, weights, take=select_rows)
    return X, codes, weights / weights.mean()


def weigh_indicators(X, codes, classes, sample_weight=None, class_weight=None):
    """Return the samples of weight above 0 and the weights of their indicators.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, ...)

    codes : float32 ndarray of shape (n_samples, n_classes)
        Indicators: 1 where a sample has a label, 0 elsewhere.

    classes : ndarray of shape (n_classes,)
        Numbers of the columns.

    sample_weight : array-like of shape (n_samples,) or None, default=None

    class_weight : dict, "balanced" or None, default=None
        A dict gives the weight of the ones of each column; the zeros have the weight 1.
        "balanced" gives the ones and the zeros of a column the same total weight.

    Returns
    -------
    X, codes : like the parameters
        Without the samples of weight 0. X is a RowView if it lies in a mapped file and
        some samples are left out.

    weights : float64 ndarray of shape (n_samples, n_classes)
        Their mean is 1.
    """
    weights = check_weights(sample_weight, codes)
    X, codes, weights = keep_weighted(weights, X, codes, weights, take=select_rows)
    ones = codes > 0.5
    factors = np.ones(codes.shape)
    if class_weight == "balanced":
        totals = np.stack([weights @ ~ones, weights @ ones])  # (2, n_classes)
        # A column of zeros only, or of ones only, keeps the weight 1.
        n_kinds = np.count_nonzero(totals, axis=0)
        factors = weights.sum() / (n_kinds * np.where(ones, totals[1], totals[0]))
    elif class_weight is not None:
        factors = np.where(ones, _weights_of_classes(class_weight, classes), factors)
        if not factors.any():
            raise ValueError("At least one weight must be positive. Got zeros only.")
        factors /= factors.max()  # products with sample weights could overflow
    weights = weights[:, None] * factors
    return X, codes, weights / weights.mean()


def _weights_of_classes(named, classes):
    """Return the weight of each class, 1 for classes that the dict does not name.

    Labels beyond y, as a fold may lack a class, are ignored where every class of y has
    a weight. Otherwise they may be typing errors and are refused.
    """
    classes = classes.tolist()
    unknown = [label for label in named if label not in classes]
    missing = [label for label in classes if label not in named]
    weights = list(named.values())
    are_valid = all(isinstance(w, Real) and np.isfinite(w) and w >= 0 for w in weights)
    if (unknown and missing) or not are_valid:
        raise ValueError(
            "class_weight must give finite weights >= 0 to labels among "
            f"{classes}. Got {named!r} instead."
        )
    return np.array([named.get(label, 1.0) for label in classes], dtype=np.float64)

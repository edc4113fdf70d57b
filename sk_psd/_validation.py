"""Checks of what users pass to the methods of estimators: X, y and sample weights."""

import math
import operator
import os
from collections.abc import Mapping

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    validate_data,
)
from torch.utils.data import DataLoader, Dataset

from sk_psd._arrays import (
    detach,
    is_complex,
    refuse_dask,
    refuse_fields,
    tensor_to_ndarray,
)
from sk_psd._pages import release_pages

__all__ = [
    "check_classes",
    "check_finite",
    "check_labels",
    "check_rows",
    "check_weights",
    "encode_labels",
    "find_classes",
    "keep_weighted",
    "scale_weights",
]

# Names of the axes in messages, by the number of axes.
_AXES = {
    1: ("value",),
    2: ("row", "column"),
    3: ("row", "channel", "column"),
    4: ("row", "channel", "frequency", "frame"),
}

# Values of X that are tested for NaN at a time. They stay in the cache of a processor.
_CHUNK_VALUES = 2**18


def check_rows(
    estimator,
    X,
    *,
    reset,
    max_ndim=3,
    allow_complex=False,
    allow_tensor=False,
    in_parts=False,
    complex_hint=": compute spectra first, by WelchPSD(return_onesided=False)",
):
    """Check signals, spectra or spectrograms, and remember or compare their length.

    Parameters
    ----------
    estimator : estimator object
        Gets `n_features_in_` (the length of the last axis, or of the frequency axis of
        spectrograms) and, for data frames, `feature_names_in_`.

    X : array-like of shape (n_samples, [n_channels,] n_features)
        Spectrograms are of shape (n_samples, [n_channels,] n_features, n_frames).

    reset : bool or None
        True in `fit`, to remember the length. False elsewhere, to compare it. None
        does neither.

    max_ndim : {2, 3, 4}, default=3
        Largest number of axes: 2 for rows, 3 for rows in channels, 4 for spectrograms
        in channels. With 4, X of three axes has no channels, and X of two axes holds
        spectra.

    allow_complex : bool, default=False
        Whether X may be complex.

    allow_tensor : bool, default=False
        Whether a Tensor stays a Tensor where the array API dispatch of scikit-learn is
        on. Otherwise it becomes an array.

    in_parts : bool, default=False
        Whether the estimator reads X in parts, as X may exceed the memory. Integers
        and numbers in another byte order stay as they are, and NaN is not looked for:
        the estimator calls `check_finite`.

    complex_hint : str, default=": compute spectra first, ..."
        End of the message "Complex data not supported by ...": the remedy.

    Returns
    -------
    X : ndarray or Tensor of float32, float64, complex64 or complex128
        X itself if it is of such a type already.

    Raises
    ------
    TypeError
        If X is sparse, a dask array, holds samples with fields, or is no array.

    ValueError
        If X is empty, complex, not finite or of another shape than expected.
    """
    if isinstance(X, torch.Tensor):
        # First, as the dispatch of scikit-learn would take every Tensor for allowed.
        X = detach(X) if allow_tensor and _is_dispatched(X) else tensor_to_ndarray(X)
    rows = _as_array(estimator, X, in_parts)
    if getattr(X, "shape", rows.shape) != rows.shape:  # a column of arrays
        X = rows
    if is_complex(rows):
        if not allow_complex:
            name = type(estimator).__name__
            raise ValueError(f"Complex data not supported by {name}{complex_hint}.")
        rows = _check_complex(estimator, rows, in_parts)
    else:
        rows = _check_real(estimator, X, rows, in_parts)
    _check_shape(estimator, rows, max_ndim)
    if not in_parts:
        check_finite(estimator, rows)
    if reset is not None:
        _remember_columns(estimator, X, rows, reset, max_ndim)
    return rows


def _is_dispatched(X):
    """Say whether X is a Tensor that scikit-learn computes with as a Tensor."""
    return isinstance(X, torch.Tensor) and get_config()["array_api_dispatch"]


def _as_array(estimator, X, in_parts):
    """Return X as an array, or as it is if it is a Tensor to keep, or sparse."""
    if issparse(X) or _is_dispatched(X):
        return X
    _refuse_containers(X)
    refuse_dask(X)
    try:
        rows = _stack_cells(np.asarray(X))
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        _refuse_unequal_lengths(estimator, X, error)
    if rows.ndim == 1 and rows.dtype.kind in "biufc":
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape {rows.shape}. "
            "Reshape your data: X[None] makes it one row."
        )
    refuse_fields(rows)
    if not (in_parts or rows.dtype.isnative):
        # Here, as scikit-learn would make float64 of float32 in another byte order.
        rows = rows.astype(rows.dtype.newbyteorder("="))
    return rows


def _refuse_containers(X):
    """Raise an error if X is something that an array should be taken from first."""
    if isinstance(X, (Dataset, DataLoader)):
        raise TypeError(
            f"X must be an array. Got a {type(X).__name__} of torch. Stack its rows: "
            "X = np.stack([x for x, _ in dataset]), and its labels likewise."
        )
    if isinstance(X, (str, bytes, os.PathLike)):
        raise TypeError(
            f"X must be an array. Got {X!r}. If this is the path of a file, open the "
            "file first, such as X = np.load(path, mmap_mode='r')."
        )
    if isinstance(X, Mapping):  # np.load of an npz file, or loadmat
        raise TypeError(
            f"X must be an array. Got a {type(X).__name__} with the keys {list(X)}. "
            "Pass one of its values."
        )


def _stack_cells(rows):
    """Return the arrays in the cells of an array as its further axes.

    A column of signals, as in a data frame, becomes rows. Several such columns become
    channels.
    """
    cells = rows.ravel() if rows.dtype == object else []
    if not len(cells) or not all(
        isinstance(cell, (np.ndarray, list)) and np.ndim(cell) == 1 for cell in cells
    ):
        return rows
    if len({len(cell) for cell in cells}) > 1:
        np.array(list(cells))  # raises NumPy's error of an inhomogeneous list
    stacked = np.stack(cells).reshape(*rows.shape, -1)
    return stacked[:, 0] if rows.ndim == 2 and rows.shape[1] == 1 else stacked


def _refuse_unequal_lengths(estimator, X, error):
    lengths = sorted({np.shape(row)[-1] for row in X if np.ndim(row) == 1})
    found = f" (from {lengths[0]} to {lengths[-1]} values)" if lengths else ""
    raise ValueError(
        f"The rows of X have unequal lengths{found}: an inhomogeneous list is no "
        "array. Signals of any length are a list of arrays, [np.asarray(x) for x in "
        "X], for WelchPSD(nperseg=...), Spectrogram, WindowedClassifier and "
        f"cut_windows. {type(estimator).__name__} needs rows of one length otherwise."
    ) from error


def _check_complex(estimator, rows, in_parts):
    """Return complex numbers as complex64 or complex128, or in parts as they are."""
    if rows.ndim and rows.shape[-1] < 2:
        raise ValueError(
            "Complex data not supported with a single value per row (n_features = 1): "
            "at least 2 are needed."
        )
    # Numbers longer than complex128 are never computed with.
    stay = isinstance(rows, torch.Tensor) or (in_parts and rows.dtype.itemsize <= 16)
    if not stay:
        single = rows.dtype.itemsize == 8
        rows = rows.astype(np.complex64 if single else np.complex128, copy=False)
    # scikit-learn refuses complex arrays, so it checks the shape of both parts.
    for part in (rows.real, rows.imag):
        _check_array(estimator, part, None)
    return rows


def _check_real(estimator, X, rows, in_parts):
    """Return real numbers as float32 or float64, or in parts as they are."""
    if isinstance(rows, torch.Tensor):
        floats = [torch.float64, torch.float32]
        return _check_array(estimator, rows, None if in_parts else floats)
    if _is_plain(rows):
        return rows
    kind = None if issparse(rows) else rows.dtype.kind
    is_short = kind in {"b", "i", "u"} or (kind == "f" and rows.dtype.itemsize <= 8)
    if in_parts and is_short:
        _check_array(estimator, rows, None)
        return rows
    # The array where it holds numbers, as scikit-learn makes float64 of the float32 of
    # a frame of polars. Else X itself, as its messages name what a user passed.
    is_numeric = kind in {"f", "i", "u"}
    return _check_array(estimator, rows if is_numeric else X, [np.float64, np.float32])


def _is_plain(rows):
    """Say whether the rows can skip scikit-learn's check_array, which is slow."""
    if type(rows) is not np.ndarray or rows.ndim < 2 or not all(rows.shape):
        return False
    return rows.dtype in (np.float32, np.float64)  # of native byte order


def _check_array(estimator, X, dtype):
    return check_array(
        X,
        dtype=dtype,
        allow_nd=True,  # by _check_shape
        ensure_all_finite=False,  # by check_finite, which says where
        estimator=estimator,
        input_name="X",
    )


def _check_shape(estimator, rows, max_ndim):
    name = type(estimator).__name__
    if rows.ndim > max_ndim:
        expected = {
            2: "(n_samples, n_features)",
            3: "(n_samples, n_features) or (n_samples, n_channels, n_features)",
            4: "(n_samples, n_freqs, n_frames) or (n_samples, n_channels, n_freqs, "
            "n_frames)",
        }[max_ndim]
        raise ValueError(
            f"Found array with dim {rows.ndim}. {name} expected {expected}."
        )
    if rows.ndim > 2 and 0 in rows.shape:
        raise ValueError(
            f"Found array of shape {tuple(rows.shape)} while a minimum of 1 is "
            f"required along every axis by {name}."
        )


def _remember_columns(estimator, X, rows, reset, max_ndim):
    """Set or compare `n_features_in_` and `feature_names_in_`."""
    if rows.ndim > 2:
        # validate_data counts the second axis: pass one frame of one channel.
        X = rows[..., 0] if max_ndim == 4 else rows
        X = X[:, 0] if X.ndim > 2 else X
    validate_data(estimator, X, "no_validation", reset=reset, skip_check_array=True)


def check_finite(estimator, X, name="X", *, omit_nan=False, first=(0, 0)):
    """Raise an error that says where X holds NaN or infinity, reading X in parts.

    Parameters
    ----------
    estimator : estimator object
        Named in the message.

    X : ndarray or Tensor of shape (n_samples, ...)

    name : str, default="X"
        Name of X in the message.

    omit_nan : bool, default=False
        Whether NaN is allowed.

    first : (int, int), default=(0, 0)
        Row and column of the whole array that X starts with, for the message.

    Raises
    ------
    ValueError
        If X holds NaN or infinity.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "iub":
        return
    n_rows = _CHUNK_VALUES // max(1, math.prod(X.shape[1:]))
    if isinstance(X, np.ndarray):  # reading rows of a file reads all between them
        n_rows = min(n_rows, _CHUNK_VALUES * X.itemsize // max(1, abs(X.strides[0])))
    n_rows = max(1, n_rows)
    # Without gen_batches: the check of its parameters takes longer than reading a row.
    for top in range(0, len(X), n_rows):
        for left in range(0, X.shape[-1], _CHUNK_VALUES):
            part = X[top : top + n_rows, ..., left : left + _CHUNK_VALUES]
            with np.errstate(over="ignore", invalid="ignore"):
                # A sum is quicker than np.isfinite, and finite if all values are.
                finite = np.isfinite(complex(part.sum()))
            if not finite:
                start = first[0] + top, first[1] + left
                _refuse_not_finite(estimator, part, start, name, omit_nan)
        release_pages(X[top : top + n_rows])


def _refuse_not_finite(estimator, part, start, name, omit_nan):
    part = tensor_to_ndarray(part)
    bad = ~np.isfinite(part)
    if omit_nan:
        bad &= ~np.isnan(part)
    if not bad.any():  # only the sum was too large
        return
    place = np.argwhere(bad)[0]
    value = "NaN" if np.isnan(part[tuple(place)]) else "infinity"
    place[[0, -1]] += start
    where = [f"{a} {i}" for a, i in zip(_AXES[part.ndim], place.tolist(), strict=True)]
    remedy = ""
    if value == "NaN" and "nan_segments" in estimator.get_params(deep=False):
        remedy = ", or average the segments without NaN by nan_segments='omit'"
    raise ValueError(
        f"Input {name} contains {value}, first in {', '.join(where)}. "
        f"{type(estimator).__name__} needs finite numbers: leave such rows out "
        f"({name}[np.isfinite({name}).all(axis=-1)]) or fill the gaps first{remedy}."
    )


def check_weights(sample_weight, X):
    """Return the weights of the samples, of which at least one is positive.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        None is a weight of 1 for each sample.

    X : ndarray of shape (n_samples, ...)

    Returns
    -------
    weights : float64 ndarray of shape (n_samples,)
        Scaled as by `scale_weights`.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or none is positive.
    """
    weights = _check_sample_weight(
        tensor_to_ndarray(sample_weight), X, dtype=np.float64, ensure_non_negative=True
    )
    if not (weights > 0).any():
        raise ValueError("At least one weight must be positive. Got zeros only.")
    return scale_weights(weights)


def scale_weights(weights):
    """Scale weights to at most 1, by a power of 2, which rounds nothing.

    Only the ratios of weights matter. Sums of very large or small ones would overflow
    or underflow.

    Parameters
    ----------
    weights : float64 ndarray of shape (n_samples,)

    Returns
    -------
    scaled : float64 ndarray of shape (n_samples,)
    """
    return np.ldexp(weights, -np.frexp(weights.max())[1])


def keep_weighted(weights, *arrays, take=operator.getitem):
    """Return the rows whose weight is above 0, without a copy if all are.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)

    *arrays : ndarray of shape (n_samples, ...)

    take : callable, default=operator.getitem
        ``take(array, kept)`` returns the rows of an array where `kept` is True.

    Returns
    -------
    kept : tuple of ndarray
        One array for each of `arrays`.
    """
    kept = weights > 0
    return arrays if kept.all() else tuple(take(array, kept) for array in arrays)


def check_labels(estimator, X, y):
    """Check class labels of any type.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    X : ndarray of shape (n_samples, ...)

    y : array-like of shape (n_samples,)

    Returns
    -------
    y : ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If y is None, has another number of samples than X, or holds no class labels.
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    shape = _shape_of(y)
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"{name} needs one label for each sample: y should be a 1d array of "
            f"labels, got an array of shape {shape} instead. If its rows are one-hot, "
            "pass y.argmax(axis=1)."
        )
    y = _check_label_values(name, y, "y")
    check_consistent_length(X, y)
    return y


def _shape_of(y):
    """Return the shape of a list or an array, () of anything else."""
    return np.shape(y) if isinstance(y, (list, tuple)) else getattr(y, "shape", ())


def _check_label_values(estimator_name, y, name):
    y = check_array(
        tensor_to_ndarray(y),
        ensure_2d=False,
        dtype=None,
        estimator=estimator_name,
        input_name=name,
    )
    y = column_or_1d(y, warn=True)
    try:
        check_classification_targets(y)
    except TypeError as error:  # labels that cannot be sorted
        raise ValueError(
            f"{estimator_name} needs labels of one kind, all strings or all numbers. "
            f"{error}."
        ) from error
    return y


def check_classes(estimator, classes):
    """Check the `classes` of `partial_fit`, as labels are checked.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    classes : array-like of shape (n_classes,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Sorted, at least two.

    Raises
    ------
    ValueError
        If `classes` has no order, holds no class labels, or fewer than two.
    """
    name = type(estimator).__name__
    shape = _shape_of(classes)
    if len(shape) > 1:
        raise ValueError(
            f"classes should be a 1d array of labels, got an array of shape {shape} "
            "instead."
        )
    if isinstance(classes, (set, frozenset, dict)):
        raise ValueError(
            f"classes must be a list or an array of labels. Got a "
            f"{type(classes).__name__}; pass sorted(classes)."
        )
    classes = np.unique(_check_label_values(name, classes, "classes"))
    if len(classes) < 2:
        raise ValueError(
            f"{name} needs at least 2 classes. Got classes={classes.tolist()}."
        )
    return classes


def find_classes(estimator, y):
    """Return the sorted classes of the labels in `y`, at least two.

    Parameters
    ----------
    estimator : estimator object
        Named in the message.

    y : ndarray of shape (n_samples,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If all labels are the same.
    """
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs samples of at least 2 classes, but y "
            f"contains only one class: {classes.tolist()[0]!r}."
        )
    return classes


def encode_labels(y, classes):
    """Return the index into `classes` of each label.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    classes : ndarray of shape (n_classes,)

    Returns
    -------
    codes : int64 ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    # LabelEncoder casts labels to the dtype of the classes. Fitted on "a" and "b", it
    # cuts the unknown label "apple" to "a" and returns 0.
    position = {label: i for i, label in enumerate(classes.tolist())}
    labels, inverse = np.unique(y, return_inverse=True)
    unknown = [label for label in labels.tolist() if label not in position]
    if unknown:
        raise ValueError(
            f"y contains the labels {unknown}, which are not among the classes "
            f"{classes.tolist()}."
        )
    codes = np.array([position[label] for label in labels.tolist()], dtype=np.int64)
    return codes[inverse]

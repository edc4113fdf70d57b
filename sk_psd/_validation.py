"""The one door for input: arrays, targets and the kinds of parameters."""

import math
from numbers import Integral, Real

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.utils import (
    check_array,
    column_or_1d,
    gen_batches,
)
from sklearn.utils._param_validation import Interval, Options, RealNotInt, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    validate_data,
)
from torch.utils.data import DataLoader, Dataset

from sk_psd._layout import check_signals
from sk_psd._pages import release_pages

__all__ = [
    "Integers",
    "Options",
    "RealNotInt",
    "StrOptions",
    "as_floats",
    "as_ndarray",
    "as_signals",
    "at_least",
    "check_axis",
    "check_classes",
    "check_finite",
    "check_labels",
    "check_result",
    "check_rows",
    "check_weights",
    "encode_labels",
    "find_classes",
    "fraction",
    "is_complex",
    "keep_weighted",
    "positive",
    "scale_weights",
    "to_array",
    "to_numbers",
]


# What the axes of an array are called in messages, by their number.
_AXES = {
    1: ("value",),
    2: ("row", "column"),
    3: ("row", "channel", "column"),
    4: ("row", "channel", "frequency", "frame"),
}

# Values in one chunk of rows: near the cache, never a multiple of the whole array.
_CHUNK_VALUES = 2**18


class Number(Interval):
    """Constraint of a number in an interval; True and False are none."""

    def is_satisfied_by(self, value):
        """Say whether `value` is such a number."""
        if isinstance(value, (bool, np.bool_)):
            return False
        try:
            return super().is_satisfied_by(value)
        except TypeError:  # of numbers that NumPy does not know, such as fractions
            return False


class Integers(Number):
    """Constraint of a non-empty tuple or list of integers in ``[low, inf)``."""

    def __init__(self, low):
        super().__init__(Integral, low, None, closed="left")

    def is_satisfied_by(self, value):
        """Say whether `value` is such a tuple or list."""
        return (
            isinstance(value, (tuple, list))
            and len(value) > 0
            and all(super(Integers, self).is_satisfied_by(v) for v in value)
        )

    def __str__(self):
        return f"a non-empty tuple or list, each {super().__str__()}"


def at_least(low, kind=Integral):
    """Constraint of a number in ``[low, inf)``."""
    return Number(kind, low, None, closed="left")


def positive():
    """Constraint of a number in ``(0, inf)``."""
    return Number(Real, 0, None, closed="neither")


def fraction():
    """Constraint of a number in ``(0, 1)``."""
    return Number(Real, 0, 1, closed="neither")


def check_rows(
    estimator,
    X,
    *,
    reset,
    allow_complex=False,
    allow_3d=False,
    frames=False,
    as_is=False,
    tensors=False,
    complex_hint=": compute spectra first, by WelchPSD(return_onesided=False)",
):
    """Validate signals or spectra and remember or compare their length.

    Parameters
    ----------
    estimator : estimator object
        Gets `n_features_in_` (the length of the last axis, or of the frequency axis of
        spectrograms) and, for data frames, `feature_names_in_`.

    X : array-like of shape (n_samples, [n_channels,] n_features)
        See `frames` for other shapes.

    reset : bool
        True in `fit`; False to compare with what `fit` saw.

    allow_complex, allow_3d : bool, default=False

    frames : bool, default=False
        X holds spectrograms: (n_samples, [[n_channels,] n_features,] n_frames), where
        one without frames is a single one.

    as_is : bool, default=False
        Leave integers integers and do not look for NaN, for those who read in parts;
        see `check_finite`.

    tensors : bool, default=False
        Return a Tensor as it is where the array API dispatch of scikit-learn is on.
        Otherwise it becomes an array, from whatever device.

    complex_hint : str, default=": compute spectra first, ..."
        What follows "Complex data not supported" in the message.

    Returns
    -------
    X : ndarray of float32, float64, complex64 or complex128
        The input itself where it is such an array already, or a Tensor of such.
    """
    options = dict(allow_nd=allow_3d or frames, estimator=estimator, input_name="X")
    options["ensure_all_finite"] = False  # by check_finite, which says where
    if isinstance(X, torch.Tensor):
        X = _plain(X) if tensors and _is_dispatched(X) else to_array(X)
    rows = X if issparse(X) or _is_dispatched(X) else _as_array(estimator, X)
    if getattr(X, "shape", rows.shape) != rows.shape:  # a column of arrays
        X = rows
    if isinstance(rows, np.ndarray):
        _refuse_structured(rows)
        if not (as_is or rows.dtype.isnative):  # so that float32 stays float32
            rows = rows.astype(rows.dtype.newbyteorder("="))
    if is_complex(rows):
        if not allow_complex:
            raise ValueError(
                f"Complex data not supported by {type(estimator).__name__}"
                f"{complex_hint}."
            )
        if rows.ndim and rows.shape[-1] < 2:
            raise ValueError(
                "Complex data not supported with a single value per row (n_features = "
                "1): at least 2 are needed."
            )
        if not (_is_dispatched(rows) or as_is and rows.dtype.itemsize <= 16):
            single = rows.dtype.itemsize == 8
            rows = rows.astype(np.complex64 if single else np.complex128, copy=False)
        # scikit-learn refuses complex arrays; their parts it checks as any other.
        check_array(rows.real, **options)
        check_array(rows.imag, **options)
    elif _is_dispatched(rows):
        dtype = [torch.float64, torch.float32]
        rows = check_array(rows, dtype=None if as_is else dtype, **options)
    elif as_is and not issparse(rows) and _is_computed_with(rows.dtype):
        check_array(rows, dtype=None, **options)
    else:
        # As an array, a polars frame of float32 keeps its dtype.
        numeric = not issparse(rows) and rows.dtype.kind in "fiu"
        rows = check_array(
            rows if numeric else X, dtype=[np.float64, np.float32], **options
        )
    if rows.ndim > 3 + frames:
        expected = "(n_samples, n_features) or (n_samples, n_channels, n_features)"
        if frames:
            expected = (
                "(n_samples, n_freqs, n_frames) or (n_samples, n_channels, n_freqs, "
                "n_frames)"
            )
        raise ValueError(
            f"Found array with dim {rows.ndim}. {type(estimator).__name__} expected "
            f"{expected}."
        )
    if rows.ndim > 2 and 0 in rows.shape:
        raise ValueError(
            f"Found array of shape {tuple(rows.shape)} while a minimum of 1 is "
            f"required along every axis by {type(estimator).__name__}."
        )
    if not as_is:
        check_finite(estimator, rows)
    # validate_data takes the second axis for the features: show it one channel of one
    # frame.
    shown = X
    if rows.ndim > 2:
        shown = rows[..., 0] if frames else rows
        shown = shown[:, 0] if shown.ndim > 2 else shown
    validate_data(estimator, shown, "no_validation", reset=reset, skip_check_array=True)
    return rows


def as_signals(name, X):
    """Return what a user of a function passes as an array or tensor of numbers.

    Parameters
    ----------
    name : str
        Name of the function, for messages.

    X : array-like or Tensor of shape ([n_samples, [n_channels,]] n_times)

    Returns
    -------
    X : ndarray or Tensor
    """
    if isinstance(X, torch.Tensor):
        X = _plain(X)
    else:
        X = to_numbers(as_ndarray(X))
    if not (1 <= X.ndim <= 3 and all(X.shape)):
        raise ValueError(
            "X must hold signals, of shape (n_times,), (n_samples, n_times) or "
            f"(n_samples, n_channels, n_times). Got shape {tuple(X.shape)}."
        )
    check_signals(name, X if X.ndim > 1 else X[None])
    return X


def to_numbers(X, name="X"):
    """Return an array as it is if it holds numbers, and objects in double precision.

    Parameters
    ----------
    X : ndarray

    name : str, default="X"
        For the message.

    Returns
    -------
    X : ndarray
        Of any type of real or complex numbers.

    Raises
    ------
    TypeError
        If X does not hold numbers.
    """
    _refuse_structured(X)
    if X.dtype.kind in "biufc":
        return X
    try:
        if X.dtype.kind == "O" and X.ndim:  # None would become NaN
            # The kind decides, not the values, as the axis of a spectrum depends on it.
            kinds = complex, np.complexfloating
            two_parts = any(isinstance(value, kinds) for value in X.flat)
            return X.astype(np.complex128 if two_parts else np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{name} must hold real or complex numbers. Got {X.dtype}.")


def check_result(what, result, X):
    """Raise an error if numbers in a result are none although all in X are.

    Parameters
    ----------
    what : str
        What the result is, for the message.

    result, X : ndarray
    """
    if not np.isfinite(result).all() and np.isfinite(X).all():
        largest = np.finfo(result.dtype).max
        raise ValueError(
            f"The {what} of X are not finite, although X is: they exceed "
            f"{largest:.1g}. Scale X first"
            + (", or pass float64." if result.real.itemsize == 4 else ".")
        )


def check_axis(axis, n_axes):
    """Raise an error unless an axis, or each of a tuple, is one of so many.

    Parameters
    ----------
    axis : int or tuple of int

    n_axes : int
    """
    axes = axis if isinstance(axis, tuple) else (axis,)
    whole = all(isinstance(a, Integral) and not isinstance(a, bool) for a in axes)
    good = whole and axes and all(-n_axes <= a < n_axes for a in axes)
    if not good or len({a % n_axes for a in axes}) < len(axes):
        raise ValueError(
            f"axis must be one of the {n_axes} axes of the array, or a tuple of them. "
            f"Got {axis!r}."
        )


def _refuse_structured(X):
    """Raise an error of samples with fields, as files of I/Q samples hold them."""
    if X.dtype.names is not None:
        raise TypeError(
            f"X holds samples with the fields {X.dtype.names}, not numbers. Make "
            "complex signals of I/Q samples first: sk_psd.signals.from_iq(X)."
        )


def as_floats(X, name="X", hint="powers or levels, such as WelchPSD returns"):
    """Return spectra that a user of a function passes, as floating-point numbers.

    Parameters
    ----------
    X : array-like or Tensor
        Real numbers of any type and byte order.

    name : str, default="X"
        For the message.

    hint : str, default="powers or levels, ..."
        What to pass, for the message.

    Returns
    -------
    X : ndarray or Tensor
        float32 for float32 and float16, else float64.

    Raises
    ------
    TypeError
        If X does not hold real numbers.
    """
    if isinstance(X, torch.Tensor):
        short = X.is_floating_point() and X.dtype != torch.float64
        real, single, double = not X.is_complex(), torch.float32, torch.float64
        X = _plain(X)
    else:
        X = as_ndarray(X, name)
        X = to_numbers(X, name) if X.dtype.kind == "O" else X
        short = X.dtype.kind == "f" and X.dtype.itemsize <= 4
        real, single, double = X.dtype.kind in "biuf", np.float32, np.float64
    if not real:
        raise TypeError(f"{name} must hold real numbers. Got {X.dtype}; pass {hint}.")
    if isinstance(X, torch.Tensor):
        return X.to(single if short else double)
    return X.astype(single if short else double, copy=False)


def is_complex(X):
    """Say whether an array or a Tensor holds complex numbers."""
    return X.is_complex() if isinstance(X, torch.Tensor) else np.iscomplexobj(X)


def _plain(X):
    """Return a Tensor without history and with its values as they are in memory."""
    return X.detach().resolve_conj().resolve_neg()


def _is_computed_with(dtype):
    """Say whether numbers, of any byte order, need no conversion but in parts."""
    return dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize <= 8)


def _is_dispatched(X):
    """Say whether X is a Tensor that is to stay one."""
    return isinstance(X, torch.Tensor) and get_config()["array_api_dispatch"]


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
        Row and sample that X starts with, for the message.
    """
    if isinstance(X, np.ndarray) and X.dtype.kind in "iub":
        return
    n_rows = _CHUNK_VALUES // max(1, math.prod(X.shape[1:]))
    if isinstance(X, np.ndarray):  # of a file, what lies between is read as well
        n_rows = min(n_rows, _CHUNK_VALUES * X.itemsize // max(1, abs(X.strides[0])))
    n_rows = max(1, n_rows)
    for rows in gen_batches(len(X), n_rows):
        for times in gen_batches(X.shape[-1], _CHUNK_VALUES):
            part = X[rows, ..., times]
            with np.errstate(over="ignore", invalid="ignore"):
                # A sum is quick, and finite where all is.
                finite = np.isfinite(complex(part.sum()))
            if not finite:
                start = first[0] + rows.start, first[1] + times.start
                _refuse_not_finite(estimator, part, start, name, omit_nan)
        release_pages(X)


def _refuse_not_finite(estimator, part, start, name, omit_nan):
    part = to_array(part)
    bad = ~np.isfinite(part)
    if omit_nan:
        bad &= ~np.isnan(part)
    if not bad.any():  # a sum that overflowed
        return
    place = np.argwhere(bad)[0]
    value = part[tuple(place)]
    place[[0, -1]] += start
    value = "NaN" if np.isnan(value) else "infinity"
    words = zip(_AXES[part.ndim], place.tolist(), strict=True)
    remedy = ""
    if value == "NaN" and "nan_segments" in estimator.get_params(deep=False):
        remedy = ", or average the segments without NaN by nan_segments='omit'"
    raise ValueError(
        f"Input {name} contains {value}, first in "
        f"{', '.join(f'{axis} {i}' for axis, i in words)}. "
        f"{type(estimator).__name__} needs finite numbers: leave such rows out "
        f"({name}[np.isfinite({name}).all(axis=-1)]) or fill the gaps first{remedy}."
    )


def to_array(X):
    """Return a Tensor of any device, history or view as an array; others as they are.

    Parameters
    ----------
    X : object

    Returns
    -------
    X : object
        An ndarray if X was a Tensor; bfloat16, which NumPy lacks, becomes float32.

    Raises
    ------
    TypeError
        If X is a Tensor without values in memory, or sparse.
    """
    if not isinstance(X, torch.Tensor):
        return X
    if X.layout != torch.strided or X.is_meta:
        kind = "values on the meta device" if X.is_meta else f"layout {X.layout}"
        raise TypeError(
            f"A dense Tensor with values is needed. Got a Tensor with {kind}. Pass "
            "X.to_dense(), or X from a real device."
        )
    if X.dtype == torch.bfloat16:
        X = X.to(torch.float32)
    return X.numpy(force=True)


def as_ndarray(X, name="X"):
    """Return what a user of a function passes as an array of any type.

    Parameters
    ----------
    X : array-like or Tensor

    name : str, default="X"
        For the message.

    Returns
    -------
    X : ndarray
    """
    try:
        return np.asarray(to_array(X))
    except ValueError as error:
        raise ValueError(
            f"{name} must hold rows of one length. NumPy makes no array of it: {error}."
        ) from error


def _as_array(estimator, X):
    """Return X as an array of at least two axes, with our remedies in the errors."""
    if isinstance(X, (Dataset, DataLoader)):
        raise TypeError(
            f"X must be an array. Got a {type(X).__name__} of torch. Stack its rows: "
            "X = np.stack([x for x, _ in dataset]), and its labels likewise."
        )
    try:
        rows = _stack_cells(np.asarray(X))
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        lengths = sorted({np.shape(row)[-1] for row in X if np.ndim(row) == 1})
        found = f" (from {lengths[0]} to {lengths[-1]} values)" if lengths else ""
        raise ValueError(
            f"The rows of X have unequal lengths{found}: an inhomogeneous list is no "
            f"array. {type(estimator).__name__} needs rows of one length: cut them to "
            "the shortest one, or fill the short ones up."
        ) from error
    if rows.ndim == 1 and rows.dtype.kind in "biufc":
        raise ValueError(
            f"Expected 2D array, got 1D array instead: X has shape {rows.shape}. "
            "Reshape your data: X[None] makes it one row."
        )
    return rows


def _stack_cells(rows):
    """Return arrays that lie in the cells of an array as further axes.

    So a column of signals becomes rows, and several columns become channels.
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


def check_weights(sample_weight, X):
    """Return the weights of the samples, of which one at least is positive.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None

    X : ndarray of shape (n_samples, ...)

    Returns
    -------
    weights : float64 ndarray of shape (n_samples,)
        Scaled by a power of 2, which rounds nothing, to at most 1.
    """
    weights = _check_sample_weight(
        to_array(sample_weight), X, dtype=np.float64, ensure_non_negative=True
    )
    if not (weights > 0).any():
        raise ValueError("At least one weight must be positive. Got zeros only.")
    return scale_weights(weights)


def scale_weights(weights):
    """Scale weights by a power of 2, which rounds nothing, to at most 1.

    Parameters
    ----------
    weights : float64 ndarray

    Returns
    -------
    scaled : float64 ndarray
    """
    return np.ldexp(weights, -np.frexp(weights.max())[1])


def keep_weighted(weights, *arrays):
    """Return the rows of weight above 0, without a copy where there is no other.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)

    *arrays : ndarray of shape (n_samples, ...)

    Returns
    -------
    kept : tuple of ndarray
    """
    kept = weights > 0
    return arrays if kept.all() else tuple(array[kept] for array in arrays)


def check_labels(estimator, X, y):
    """Validate class labels of any type.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    X : ndarray of shape (n_samples, ...)

    y : array-like of shape (n_samples,)

    Returns
    -------
    y : ndarray of shape (n_samples,)
    """
    name = type(estimator).__name__
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    y = _check_label_values(name, y, "y")
    check_consistent_length(X, y)
    return y


def _check_label_values(estimator_name, y, name):
    y = to_array(y)
    shape = np.shape(y) if isinstance(y, (list, tuple)) else getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] > 1:
        raise ValueError(
            f"{name} should be a 1d array of labels, got an array of shape {shape} "
            f"instead. If its rows are one-hot, pass {name}.argmax(axis=1)."
        )
    y = check_array(
        y, ensure_2d=False, dtype=None, estimator=estimator_name, input_name=name
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
    """Validate the `classes` of `partial_fit` as labels are.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    classes : array-like of shape (n_classes,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Sorted, at least two.
    """
    name = type(estimator).__name__
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
    """Return the sorted labels of `y`, two at least.

    Parameters
    ----------
    estimator : estimator object
        Named in the messages.

    y : ndarray of shape (n_samples,)

    Returns
    -------
    classes : ndarray of shape (n_classes,)
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
    """
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

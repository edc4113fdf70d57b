"""Arrays that the user of a function passes: made NumPy arrays or Tensors of numbers.

Each function takes any array-like or Tensor and returns one kind of array:

- `as_ndarray`: an array of any type;
- `as_numbers`: an array of real or complex numbers of any type;
- `as_floating`: an array of floating-point numbers, real or complex;
- `as_real`: real floating-point numbers, where a Tensor stays a Tensor;
- `as_signals`: numbers in the shape of signals, where a Tensor stays a Tensor.
"""

from numbers import Integral

import numpy as np
import torch

from sk_psd._layout import check_signals

__all__ = [
    "as_floating",
    "as_ndarray",
    "as_numbers",
    "as_real",
    "as_signals",
    "check_axis",
    "check_result",
    "detach",
    "is_complex",
    "refuse_dask",
    "refuse_fields",
    "tensor_to_ndarray",
]


def as_ndarray(X, name="X"):
    """Return an array of any type.

    Parameters
    ----------
    X : array-like or Tensor

    name : str, default="X"
        Name of X in the message.

    Returns
    -------
    X : ndarray

    Raises
    ------
    TypeError
        If X is a dask array.

    ValueError
        If the rows of X have unequal lengths.
    """
    refuse_dask(X, name)
    try:
        return np.asarray(tensor_to_ndarray(X))
    except ValueError as error:
        raise ValueError(
            f"{name} must hold rows of one length. NumPy makes no array of it: {error}."
        ) from error


def as_numbers(X, name="X"):
    """Return an array of real or complex numbers of any type.

    Parameters
    ----------
    X : array-like or Tensor

    name : str, default="X"
        Name of X in the message.

    Returns
    -------
    X : ndarray
        X itself if it is an array of numbers. Objects become float64, or complex128 if
        one of them is complex.

    Raises
    ------
    TypeError
        If X does not hold numbers.
    """
    given, X = X, as_ndarray(X, name)
    refuse_fields(X, name)
    if X.dtype.kind in "biufc":
        return X
    try:
        if X.dtype.kind == "O" and X.ndim:  # a single None would become NaN
            # The types decide, not the values: the spectrum of complex numbers has two
            # sides, also where all imaginary parts happen to be zero.
            kinds = complex, np.complexfloating
            two_parts = any(isinstance(value, kinds) for value in X.flat)
            return X.astype(np.complex128 if two_parts else np.float64)
    except (TypeError, ValueError, OverflowError):
        pass
    found = X.dtype if X.ndim else repr(given)
    raise TypeError(f"{name} must hold real or complex numbers. Got {found}.")


def as_floating(X, name="X"):
    """Return an array of floating-point numbers in native byte order.

    Parameters
    ----------
    X : array-like or Tensor
        Real or complex numbers of any type and byte order.

    name : str, default="X"
        Name of X in the message.

    Returns
    -------
    X : ndarray of float32, float64, complex64 or complex128
        float32 and complex64 stay. Other real numbers become float64, so that integers
        do not wrap around, and other complex ones complex128.

    Raises
    ------
    TypeError
        If X does not hold numbers.
    """
    X = as_numbers(X, name)
    single = X.dtype.kind in "fc" and X.real.itemsize == 4
    if X.dtype.kind == "c":
        return X.astype(np.complex64 if single else np.complex128, copy=False)
    return X.astype(np.float32 if single else np.float64, copy=False)


def as_real(X, name="X", hint="powers or levels, such as WelchPSD returns"):
    """Return real floating-point numbers as an array, or as a Tensor if X is one.

    Parameters
    ----------
    X : array-like or Tensor
        Real numbers of any type and byte order.

    name : str, default="X"
        Name of X in the message.

    hint : str, default="powers or levels, ..."
        End of the message: the numbers to pass.

    Returns
    -------
    X : ndarray or Tensor
        float32 for float32 and shorter floating-point numbers, else float64.

    Raises
    ------
    TypeError
        If X does not hold real numbers.
    """
    if isinstance(X, torch.Tensor):
        is_real, dtype = not X.is_complex(), X.dtype
        single = X.is_floating_point() and X.dtype != torch.float64
    else:
        X = as_ndarray(X, name)
        X = as_numbers(X, name) if X.dtype.kind == "O" else X
        is_real, dtype = X.dtype.kind in "biuf", X.dtype
        single = X.dtype.kind == "f" and X.dtype.itemsize <= 4
    if not is_real:
        raise TypeError(f"{name} must hold real numbers. Got {dtype}; pass {hint}.")
    if isinstance(X, torch.Tensor):
        return detach(X).to(torch.float32 if single else torch.float64)
    return X.astype(np.float32 if single else np.float64, copy=False)


def as_signals(function_name, X):
    """Return signals as an array, or as a Tensor if X is one.

    Parameters
    ----------
    function_name : str
        Name of the function that takes them, for messages.

    X : array-like or Tensor of shape ([n_samples, [n_channels,]] n_times)

    Returns
    -------
    X : ndarray or Tensor
        Numbers of any type.

    Raises
    ------
    TypeError
        If X does not hold numbers.

    ValueError
        If X is empty, has more than three axes, or has its samples along the wrong one.
    """
    X = detach(X) if isinstance(X, torch.Tensor) else as_numbers(X)
    if not (1 <= X.ndim <= 3 and all(X.shape)):
        raise ValueError(
            "X must hold signals, of shape (n_times,), (n_samples, n_times) or "
            f"(n_samples, n_channels, n_times). Got shape {tuple(X.shape)}."
        )
    check_signals(function_name, X if X.ndim > 1 else X[None])
    return X


def tensor_to_ndarray(X):
    """Return a Tensor as an array, and anything else as it is.

    Parameters
    ----------
    X : object

    Returns
    -------
    X : object
        An array if X is a Tensor, of whatever device, with or without a gradient.
        bfloat16, which NumPy does not have, becomes float32.

    Raises
    ------
    TypeError
        If X is a sparse Tensor, or one without values.
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


def detach(X):
    """Return a Tensor without its gradient, conjugated and negated in memory.

    Parameters
    ----------
    X : Tensor

    Returns
    -------
    X : Tensor
    """
    return X.detach().resolve_conj().resolve_neg()


def is_complex(X):
    """Say whether an array or a Tensor holds complex numbers.

    Parameters
    ----------
    X : ndarray or Tensor

    Returns
    -------
    is_complex : bool
    """
    return X.is_complex() if isinstance(X, torch.Tensor) else np.iscomplexobj(X)


def refuse_fields(X, name="X"):
    """Raise an error if X holds samples with fields, as files of I/Q samples do.

    Parameters
    ----------
    X : ndarray

    name : str, default="X"
        Name of X in the message.

    Raises
    ------
    TypeError
        If X has fields.
    """
    if X.dtype.names is not None:
        raise TypeError(
            f"{name} holds samples with the fields {X.dtype.names}, not numbers. Make "
            f"complex signals of I/Q samples first: sk_psd.signals.from_iq({name})."
        )


def refuse_dask(X, name="X"):
    """Raise an error if X is a dask array, which NumPy would load whole.

    Parameters
    ----------
    X : object

    name : str, default="X"
        Name of X in the message.

    Raises
    ------
    TypeError
        If X is a dask collection.
    """
    # The protocol of dask. Objects of xarray have the method and return None without
    # dask inside.
    graph = getattr(X, "__dask_graph__", None)
    if callable(graph) and graph() is not None:
        raise TypeError(
            f"{name} is a dask {type(X).__name__}, of which an array in memory would "
            f"be made. If it fits, pass {name}.compute(). If not, let dask call the "
            f"method block by block, such as {name}.map_blocks(psd.transform, "
            "dtype=..., chunks=...), and fit on a part, on a mapped file or by "
            "partial_fit."
        )


def check_axis(axis, n_axes):
    """Raise an error unless an array of `n_axes` axes has the given one.

    Parameters
    ----------
    axis : int or tuple of int
        One axis, or several different ones.

    n_axes : int

    Raises
    ------
    ValueError
        If `axis` is something else.
    """
    axes = axis if isinstance(axis, tuple) else (axis,)
    are_ints = all(isinstance(a, Integral) and not isinstance(a, bool) for a in axes)
    exist = are_ints and axes and all(-n_axes <= a < n_axes for a in axes)
    if not exist or len({a % n_axes for a in axes}) < len(axes):
        raise ValueError(
            f"axis must be one of the {n_axes} axes of the array, or a tuple of them. "
            f"Got {axis!r}."
        )


def check_result(noun, result, X):
    """Raise an error if the result of finite numbers is not finite.

    Parameters
    ----------
    noun : str
        Noun for the numbers of the result, in the message.

    result : ndarray

    X : ndarray
        Numbers that the result was computed from.

    Raises
    ------
    ValueError
        If `result` holds NaN or infinity and X does not.
    """
    if not np.isfinite(result).all() and np.isfinite(X).all():
        largest = np.finfo(result.dtype).max
        raise ValueError(
            f"The {noun} of X are not finite, although X is: they exceed "
            f"{largest:.1g}. Scale X first"
            + (", or pass float64." if result.real.itemsize == 4 else ".")
        )

"""Arguments of functions: arrays of any kind, options, random sources."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_random_state

from sk_psd._validation import as_ndarray

__all__ = [
    "check_flag",
    "check_n_jobs",
    "check_option",
    "check_rng",
    "one_for_each",
    "take_numbers",
]


def check_option(name, value, options):
    """Raise an error unless a value is one of some names.

    Parameters
    ----------
    name : str
        For the message.

    value : object
        Also an array, which has no truth value to compare by.

    options : tuple of str or None
        Two at least.
    """
    if not (value is None or isinstance(value, str)) or value not in options:
        *first, last = map(repr, options)
        raise ValueError(
            f"{name} must be {', '.join(first)} or {last}. Got {value!r} instead."
        )


def check_flag(name, value):
    """Raise an error unless a value is True or False.

    Parameters
    ----------
    name : str
        For the message.

    value : object
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False. Got {value!r} instead.")


def check_n_jobs(n_jobs):
    """Raise an error unless a value is a number of threads as joblib takes it.

    Parameters
    ----------
    n_jobs : int or None
    """
    if not (n_jobs is None or isinstance(n_jobs, Integral) and n_jobs != 0):
        raise ValueError(
            "n_jobs must be a number of threads, negative to count from that of the "
            f"processors, or None. Got {n_jobs!r}."
        )


def take_numbers(X, name="X"):
    """Return native numbers of floating point, in which nothing wraps around.

    Parameters
    ----------
    X : array-like or Tensor
        Numbers of any type and byte order.

    name : str, default="X"
        For the messages.

    Returns
    -------
    X : ndarray of float32, float64, complex64 or complex128
        In single precision if X was. X itself is returned if it is such an array.
    """
    numbers = as_ndarray(X, name)
    if numbers.dtype.kind in "USmM" or numbers.dtype.kind == "O" and numbers.ndim == 0:
        raise ValueError(f"{name} must be an array of numbers. Got {X!r} instead.")
    if numbers.dtype.kind == "V":
        raise ValueError(
            f"{name} must hold real or complex numbers. Got {numbers.dtype}; make "
            "complex numbers of pairs of a real and an imaginary part, such as by "
            f"{name}.view(np.int16).astype(np.float32).view(np.complex64)."
        )
    if numbers.dtype.kind == "c":
        single = numbers.dtype.itemsize == 8
        return numbers.astype(np.complex64 if single else np.complex128, copy=False)
    if numbers.dtype.kind in "biuf":
        single = numbers.dtype.kind == "f" and numbers.dtype.itemsize == 4
        return numbers.astype(np.float32 if single else np.float64, copy=False)
    return check_array(
        X,
        dtype=np.float64,
        ensure_2d=False,
        allow_nd=True,
        input_name=name,
    )


def one_for_each(value, n_samples, name):
    """Return a finite number for each sample, of one for all or an array.

    Parameters
    ----------
    value : float or array-like of shape (n_samples,)

    n_samples : int

    name : str
        For the messages.

    Returns
    -------
    numbers : ndarray of shape (n_samples,)
    """
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "biuf" or numbers.shape not in [(), (n_samples,)]:
        raise ValueError(
            f"{name} must be a number or an array of {n_samples} numbers, one for each "
            f"signal. Got {value!r} instead."
        )
    numbers = numbers.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite. Got {value!r} instead.")
    return np.broadcast_to(numbers, (n_samples,))


def check_rng(random_state, name="random_state"):
    """Return a source of random numbers.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None

    name : str, default="random_state"
        For the message.

    Returns
    -------
    rng : RandomState or Generator
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    try:
        return check_random_state(random_state)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an int, a RandomState, a Generator or None. Got "
            f"{random_state!r} instead."
        ) from error

"""Single numbers of any type, also in an array of one, as Python numbers."""

from numbers import Integral, Real

import numpy as np

__all__ = [
    "HIGHEST_RATE",
    "LOWEST_RATE",
    "as_float",
    "as_int",
    "as_limit",
    "as_rate",
    "rounding",
]

# Beyond these sampling frequencies, in Hz, powers per Hz overflow.
LOWEST_RATE, HIGHEST_RATE = 1e-100, 1e100
# No memory holds so many samples, taps or bins, and NumPy makes no array of 2**63.
_HIGHEST_COUNT = 2**40


def as_float(value):
    """Return a number, or the only number in an array, as a float.

    Parameters
    ----------
    value : float or array-like of one number
        MATLAB files hold ``[[48828]]``, files of NumPy an array without axes.

    Returns
    -------
    number : float

    Raises
    ------
    TypeError
        If `value` is not one real number. A bool is no number.

    OverflowError
        If `value` is an integer too large for a float.
    """
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        return float(value)
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise TypeError(f"Expected one real number. Got {value!r}.")
    return float(array.reshape(()).item())


def as_int(value):
    """Return a whole number, or the only number in an array, as an int.

    Parameters
    ----------
    value : int, float or array-like of one number

    Returns
    -------
    number : int

    Raises
    ------
    TypeError, OverflowError
        If `value` is not one whole number, or is too large for the length of an array.
    """
    whole = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))
    number = int(value) if whole else as_float(value)
    if not (abs(number) <= _HIGHEST_COUNT and number == int(number)):
        raise TypeError(
            f"Expected a whole number of at most {_HIGHEST_COUNT}. Got {value!r}."
        )
    return int(number)


def as_rate(fs):
    """Return a sampling frequency as a float.

    Parameters
    ----------
    fs : float or array-like of one number
        In Hz.

    Returns
    -------
    fs : float

    Raises
    ------
    ValueError
        If `fs` is no positive number in the range of sampling frequencies.
    """
    try:
        number = as_float(fs)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not LOWEST_RATE <= number <= HIGHEST_RATE:
        raise ValueError(
            f"fs must be positive and finite. Got {fs!r}; give the sampling frequency "
            f"in Hz, from {LOWEST_RATE:g} to {HIGHEST_RATE:g}, as one number."
        )
    return number


def as_limit(name, limit):
    """Return the limit of a frequency axis as a float.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.

    limit : float or array-like of one number
        In Hz.

    Returns
    -------
    limit : float

    Raises
    ------
    ValueError
        If `limit` is not one real number.
    """
    try:
        return as_float(limit)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must be a frequency in Hz, as one number, or None. Got {limit!r}."
        ) from None


def rounding(value):
    """Return the relative error that rounding may have given a number.

    Parameters
    ----------
    value : float or array-like of one number

    Returns
    -------
    tolerance : float
        A few units in the last place of double precision. For a number of a narrower
        type, half a unit in its last place more.
    """
    tolerance = 4 * np.finfo(np.float64).eps
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize < 8:
        tolerance += np.finfo(dtype.newbyteorder("=")).eps / 2
    return float(tolerance)

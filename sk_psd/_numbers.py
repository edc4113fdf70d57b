"""Single numbers as users and files give them: of any type, also in an array of one."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval

__all__ = [
    "Number",
    "WholeNumber",
    "as_float",
    "as_int",
    "as_limit",
    "as_rate",
    "rate",
    "rounding",
]

# Sampling frequencies beyond these overflow somewhere on the way to a power.
_LOWEST_RATE, _HIGHEST_RATE = 1e-100, 1e100
# Of samples, taps or bins: no memory holds more, and NumPy makes no array of 2**63.
_HIGHEST_COUNT = 2**40


def as_float(value):
    """Return a number, or the only one in an array, as a float.

    Parameters
    ----------
    value : float or array-like of one number
        MATLAB files hold ``[[48828]]``, those of NumPy an array without axes.

    Returns
    -------
    number : float

    Raises
    ------
    TypeError
        If it is no real number. A bool is none.

    OverflowError
        If it is an integer beyond all floats.
    """
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        return float(value)
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        raise TypeError(f"Expected one real number. Got {value!r}.")
    return float(array.reshape(()).item())


def as_int(value):
    """Return a whole number, or the only one in an array, as an int.

    Parameters
    ----------
    value : int, float or array-like of one number

    Returns
    -------
    number : int

    Raises
    ------
    TypeError, OverflowError
        If it is no whole number, or one beyond all lengths of arrays.
    """
    whole = isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))
    number = int(value) if whole else as_float(value)
    if not (abs(number) <= _HIGHEST_COUNT and number == int(number)):
        raise TypeError(f"Expected a whole number of a size in use. Got {value!r}.")
    return int(number)


def as_rate(fs):
    """Return a sampling frequency as a float, or raise an error that says what it was.

    Parameters
    ----------
    fs : float or array-like of one number
        In Hz.

    Returns
    -------
    fs : float
    """
    try:
        number = as_float(fs)
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not _LOWEST_RATE <= number <= _HIGHEST_RATE:
        raise ValueError(
            f"fs must be positive and finite. Got {fs!r}; give the sampling frequency "
            f"in Hz, from {_LOWEST_RATE:g} to {_HIGHEST_RATE:g}, as one number."
        )
    return number


def as_limit(name, limit):
    """Return a limit of an axis as a float, or raise an error that says what it was.

    Parameters
    ----------
    name : str
        For the message.

    limit : float or array-like of one number

    Returns
    -------
    limit : float
    """
    try:
        return as_float(limit)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"{name} must be a frequency in Hz, as one number, or None. Got {limit!r}."
        ) from None


def rounding(value):
    """Return by how much, relative to itself, rounding may have moved a number.

    Parameters
    ----------
    value : float or array-like of one number

    Returns
    -------
    tolerance : float
        A few units in the last place of double precision, and half a unit of the type
        of a narrower number.
    """
    tolerance = 4 * np.finfo(np.float64).eps
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize < 8:
        tolerance += np.finfo(dtype.newbyteorder("=")).eps / 2
    return float(tolerance)


class Number(Interval):
    """Constraint of a real number in an interval, also as an array of one."""

    _convert = staticmethod(as_float)

    def __init__(self, low, high, closed="neither"):
        super().__init__(Real, low, high, closed=closed)

    def is_satisfied_by(self, value):
        """Say whether `value` is or holds such a number."""
        try:
            return super().is_satisfied_by(self._convert(value))
        except (TypeError, ValueError, OverflowError):
            return False


class WholeNumber(Number):
    """Constraint of a whole number of at least `low`, also as an array of one."""

    _convert = staticmethod(as_int)

    def __init__(self, low):
        super().__init__(low, None, closed="left")

    def __str__(self):
        return f"an int in the range [{self.left}, inf)"


def rate():
    """Constraint of a sampling frequency in Hz."""
    return Number(_LOWEST_RATE, _HIGHEST_RATE, closed="both")

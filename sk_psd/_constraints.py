"""Constraints of the parameters of estimators, for their `_parameter_constraints`."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    Options,
    RealNotInt,
    StrOptions,
)

from sk_psd._numbers import HIGHEST_RATE, LOWEST_RATE, as_float, as_int

__all__ = [
    "HasMethods",
    "Integers",
    "Number",
    "Options",
    "RealNotInt",
    "StrOptions",
    "WholeNumber",
    "at_least",
    "fraction",
    "positive",
    "probability",
    "rate",
]


class _Scalar(Interval):
    """A number in an interval. True and False are no numbers."""

    def is_satisfied_by(self, value):
        """Say whether `value` is such a number."""
        if isinstance(value, (bool, np.bool_)):
            return False
        try:
            return super().is_satisfied_by(value)
        except TypeError:  # NumPy cannot compare fractions and other numbers
            return False


def at_least(low, kind=Integral):
    """Return the constraint of a number in ``[low, inf)``, an integer by default."""
    return _Scalar(kind, low, None, closed="left")


def positive():
    """Return the constraint of a real number in ``(0, inf)``."""
    return _Scalar(Real, 0, None, closed="neither")


def fraction():
    """Return the constraint of a real number in ``(0, 1)``."""
    return _Scalar(Real, 0, 1, closed="neither")


def probability():
    """Return the constraint of a real number in ``[0, 1]``."""
    return _Scalar(Real, 0, 1, closed="both")


class Integers(_Scalar):
    """A non-empty tuple or list of integers in ``[low, inf)``."""

    def __init__(self, low):
        super().__init__(Integral, low, None, closed="left")

    def is_satisfied_by(self, value):
        """Say whether `value` is such a tuple or list."""
        fits = super().is_satisfied_by
        is_list = isinstance(value, (tuple, list)) and len(value) > 0
        return is_list and all(map(fits, value))

    def __str__(self):
        return f"a non-empty tuple or list, each {super().__str__()}"


class Number(Interval):
    """A real number in an interval, or an array that holds one such number.

    Sampling frequencies and sizes are often read from files, which hold arrays.
    """

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
    """A whole number of at least `low`, or an array that holds one such number."""

    _convert = staticmethod(as_int)

    def __init__(self, low):
        super().__init__(low, None, closed="left")

    def __str__(self):
        return f"an int in the range [{self.left}, inf)"


def rate():
    """Return the constraint of a sampling frequency in Hz."""
    return Number(LOWEST_RATE, HIGHEST_RATE, closed="both")

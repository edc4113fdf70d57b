"""Random or given numbers for the samples of made data, and checks of parameters."""

from numbers import Integral, Real

import numpy as np

__all__ = ["are_names", "check_int", "check_number", "draw_levels", "draw_numbers"]


def check_int(name, value, low):
    """Return a number as a Python int, which cannot overflow, or raise a ValueError."""
    is_int = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_int and value >= low):
        raise ValueError(f"{name} must be an int of at least {low}. Got {value!r}.")
    return int(value)


def check_number(name, value):
    """Return a finite number as a float, or raise a ValueError."""
    try:
        number = float(value) if isinstance(value, Real) else np.nan
    except OverflowError:
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{name} must be a finite number. Got {value!r}.")
    return number


def are_names(names, known):
    """Say whether `names` is a sequence of at least one known name."""
    # A set is refused, because its order differs between processes.
    if not isinstance(names, (list, tuple, np.ndarray)) or not np.iterable(names):
        return False
    return len(names) > 0 and all(isinstance(n, str) and n in known for n in names)


def draw_numbers(value, n_samples, rng, name):
    """Return an array of one number for each sample.

    Parameters
    ----------
    value : float, (float, float) or array-like of shape (n_samples,)
        A number for all samples, a range to draw from uniformly, or the array.

    n_samples : int

    rng : RandomState
        Draws once if `value` is a range, and not at all otherwise.

    name : str
        Name of the parameter, for the message.
    """
    expected = (
        f"{name} must be a number, a tuple (low, high) or an array of shape "
        f"({n_samples},). Got "
    )
    try:
        numbers = np.asarray(value)
        numbers = numbers.astype(float) if numbers.dtype.kind in "biuf" else None
    except ValueError:  # from rows of different lengths
        numbers = None
    if numbers is None:
        raise ValueError(f"{expected}{value!r} instead.")
    if isinstance(value, tuple) and len(value) == 2:
        if not np.isfinite(np.ptp(numbers)):
            raise ValueError(f"{expected}{value!r}, which is not a finite range.")
        return rng.uniform(*value, size=n_samples)
    if numbers.shape not in [(), (n_samples,)]:
        raise ValueError(f"{expected}an array of shape {numbers.shape} instead.")
    return np.broadcast_to(numbers, (n_samples,)).copy()


def draw_levels(value, n_samples, rng, name, high=1000):
    """Return a level in dB for each sample, within the range of floating point.

    Parameters as in `draw_numbers`; `high` is the largest level allowed.
    """
    level = draw_numbers(value, n_samples, rng, name)
    if not np.all((level >= -1000) & (level <= high)):
        raise ValueError(
            f"{name} must lie between -1000 and {high} dB. Got values from "
            f"{level.min():g} to {level.max():g}."
        )
    return level

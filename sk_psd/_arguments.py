"""Arguments of functions: options, flags, numbers of threads and random sources."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

__all__ = [
    "check_flag",
    "check_n_jobs",
    "check_option",
    "check_rng",
    "one_for_each",
]


def check_option(name, value, options):
    """Raise an error unless a value is one of the options.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.

    value : object

    options : tuple of str or None
        Two at least.

    Raises
    ------
    ValueError
        If `value` is something else.
    """
    # The type first, as the comparison of an array has no truth value.
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
        Name of the parameter, for the message.

    value : object

    Raises
    ------
    ValueError
        If `value` is something else.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False. Got {value!r} instead.")


def check_n_jobs(n_jobs):
    """Raise an error unless a value is a number of threads as joblib takes it.

    Parameters
    ----------
    n_jobs : int or None

    Raises
    ------
    ValueError
        If `n_jobs` is 0 or something else.
    """
    if not (n_jobs is None or isinstance(n_jobs, Integral) and n_jobs != 0):
        raise ValueError(
            "n_jobs must be a number of threads, negative to count from that of the "
            f"processors, or None. Got {n_jobs!r}."
        )


def one_for_each(value, n_samples, name):
    """Return a number for each sample, given one for all or one for each.

    Parameters
    ----------
    value : float or array-like of shape (n_samples,)

    n_samples : int

    name : str
        Name of the parameter, for the messages.

    Returns
    -------
    numbers : float64 ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `value` is something else, or not finite.
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
        Name of the parameter, for the message.

    Returns
    -------
    rng : RandomState or Generator

    Raises
    ------
    ValueError
        If `random_state` is something else.
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

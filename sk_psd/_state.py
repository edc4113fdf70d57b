"""Saved states: their version and checksum, and the types that skops may load."""

import inspect
import warnings
import zlib
from contextvars import ContextVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from sk_psd._version import __version__

__all__ = ["VersionedState", "trust", "trusted_types"]

# Public, for the parameter `trusted` of `skops.io.load`. `VersionedState` adds the name
# of each estimator of the package, so that none is forgotten.
trusted_types = []

_VERSION, _CHECKSUM = "_sk_psd_version", "_sk_psd_checksum"

# Whether pickle or copy asks for the state. skops calls `__getstate__` directly.
_in_reduce = ContextVar("_in_reduce", default=False)


def trust(item):
    """Add a class or function of the package to the trusted types, and return it."""
    trusted_types.append(f"{item.__module__}.{item.__qualname__}")
    trusted_types.sort()
    return item


class VersionedState:
    """Mixin of estimators that saves the version of the package and a checksum.

    The mixin precedes :class:`sklearn.base.BaseEstimator`. The state of another
    version loads with :class:`~sklearn.exceptions.InconsistentVersionWarning`.
    Parameters that are missing in the state get their defaults. A state whose numbers
    were altered raises a ValueError.

    Pickles and copies hold the callbacks of an estimator. Files of skops do not: the
    callbacks are objects of other packages, which skops would not trust.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        module = cls.__module__
        if module.startswith("sk_psd.") and "._" not in module:  # no private base
            trust(cls)

    def __reduce_ex__(self, protocol):
        token = _in_reduce.set(True)
        try:
            return super().__reduce_ex__(protocol)
        finally:
            _in_reduce.reset(token)

    def __getstate__(self):
        state = self._portable(dict(super().__getstate__()))
        if not _in_reduce.get():
            _drop_callbacks(state, type(self).__name__)
        return state | {_VERSION: __version__, _CHECKSUM: _checksum(state)}

    def _portable(self, state):
        """Return the state in a form for files. Estimators with nets override it."""
        return state

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop(_VERSION, None)
        checksum = state.pop(_CHECKSUM, None)
        name = type(self).__name__
        if checksum is not None and checksum != _checksum(state):
            raise ValueError(
                f"The state of this {name} is damaged: its numbers do not have the "
                "checksum that was saved with them. Load another copy of the file."
            )
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=name,
                    current_sklearn_version=f"sk_psd {__version__}",
                    original_sklearn_version=f"sk_psd {version or 'before 0.1.0'}",
                ),
                stacklevel=2,
            )
        for parameter in inspect.signature(type(self)).parameters.values():
            if parameter.default is not parameter.empty:
                state.setdefault(parameter.name, parameter.default)
        super().__setstate__(state)


def _drop_callbacks(state, name):
    """Remove skorch's and scikit-learn's callbacks from a state, with a warning."""
    found = state.pop("_skl_callbacks", None)
    if state.get("callbacks"):
        found = state["callbacks"]
        state["callbacks"] = None
    if found:
        warnings.warn(
            f"The file does not hold the callbacks of this {name}, as they are used in "
            "training only and skops does not trust them. Set them again after loading "
            "if you train on.",
            stacklevel=3,
        )


def _checksum(value, start=0):
    """Return the checksum of the numbers, strings and arrays in nested containers.

    The containers include scikit-learn's estimators, as they have no checksum of their
    own.

    Parameters
    ----------
    value : object

    start : int, default=0
        Checksum of the values before.

    Returns
    -------
    checksum : int
    """
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: str(item[0]))
        for item in items:
            start = _checksum(item, start)
        return start
    if isinstance(value, (list, tuple)):
        for item in value:
            start = _checksum(item, start)
        return start
    if isinstance(value, BaseEstimator) and not isinstance(value, VersionedState):
        start = _checksum(type(value).__name__, start)
        return _checksum(vars(value), start)
    if isinstance(value, np.ndarray) and value.dtype != object:
        content = np.ascontiguousarray(value).tobytes()
    elif isinstance(value, np.ndarray):
        return _checksum(value.tolist(), start)
    elif isinstance(value, (bool, int, float, complex, str, np.generic)):
        content = repr(value).encode()
    else:  # of other objects the type only
        content = type(value).__name__.encode()
    return zlib.crc32(content, start)

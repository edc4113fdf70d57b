"""Version and checksum in the pickled state of an estimator."""

import inspect
import warnings
import zlib

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from sk_psd._version import __version__

__all__ = ["VersionedState"]

_VERSION, _CHECKSUM = "_sk_psd_version", "_sk_psd_checksum"


class VersionedState:
    """Mixin of estimators that pickles the version of the package and a checksum.

    The mixin precedes :class:`sklearn.base.BaseEstimator`. The state of another
    version loads with :class:`~sklearn.exceptions.InconsistentVersionWarning`.
    Parameters that are missing in the state get their defaults. A state whose numbers
    were altered raises a ValueError.
    """

    def __getstate__(self):
        state = self._portable(dict(super().__getstate__()))
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


def _checksum(value, start=0):
    """Return the checksum of the numbers, strings and arrays in nested containers.

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
    if isinstance(value, np.ndarray) and value.dtype != object:
        content = np.ascontiguousarray(value).tobytes()
    elif isinstance(value, np.ndarray):
        return _checksum(value.tolist(), start)
    elif isinstance(value, (bool, int, float, complex, str, np.generic)):
        content = repr(value).encode()
    else:  # of other objects the type only
        content = type(value).__name__.encode()
    return zlib.crc32(content, start)

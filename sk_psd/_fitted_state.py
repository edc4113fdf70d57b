"""The fitted attributes of an estimator, and a fit that leaves none if it fails."""

from contextlib import contextmanager

__all__ = ["FittedState"]


class FittedState:
    """Mixin of estimators that a failed fit leaves unfitted."""

    # Fitted attributes whose names do not end in "_".
    _private_fitted = ()

    def _fitted_state(self):
        """Return the attributes that `fit` has set, by name."""
        return {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") or name in self._private_fitted
        }

    def _forget(self):
        """Make the estimator unfitted."""
        for name in self._fitted_state():
            delattr(self, name)

    @contextmanager
    def _unfitted_on_error(self):
        """Run the body of a cold fit; if it raises, the estimator is unfitted."""
        self._forget()
        try:
            yield
        except BaseException:  # Ctrl-C as well
            self._forget()
            raise

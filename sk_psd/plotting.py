"""Displays: draw what inspection computed. Needs matplotlib."""

from sk_psd.inspection import shift_curve

__all__ = ["ShiftCurveDisplay"]


class ShiftCurveDisplay:
    """Score against shift, of one or several models.

    Create it by :meth:`from_estimator` or :meth:`from_estimators`.

    Parameters
    ----------
    curves : dict of str to Bunch
        Names of the models and what :func:`shift_curve` returned for them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With the curves.

    figure_ : matplotlib Figure
        That contains them.

    lines_ : list of matplotlib Line2D
        One for each model.

    See Also
    --------
    sk_psd.shift_curve : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import FlattenCNNClassifier, GlobalPoolCNNClassifier
    >>> from sk_psd.plotting import ShiftCurveDisplay
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), [0] * 10 + [1] * 10
    >>> models = {
    ...     "pool": GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y),
    ...     "flatten": FlattenCNNClassifier(max_epochs=20, random_state=0).fit(X, y),
    ... }
    >>> display = ShiftCurveDisplay.from_estimators(models, X, y)
    >>> [line.get_label() for line in display.lines_]
    ['pool', 'flatten']
    """

    def __init__(self, curves):
        self.curves = curves

    @classmethod
    def from_estimator(cls, estimator, X, y, *, name=None, ax=None, **kwargs):
        """Compute and draw the curve of one model.

        Parameters
        ----------
        estimator : estimator object
            Fitted classifier or Pipeline.

        X : array-like of shape (n_samples, ..., n_features)
            What it predicts from.

        y : array-like of shape (n_samples,)
            True labels.

        name : str, default=None
            Label of the curve. None is the class of the (last) estimator.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        **kwargs : dict
            Passed to :func:`shift_curve`.

        Returns
        -------
        display : ShiftCurveDisplay
        """
        last = estimator[-1] if hasattr(estimator, "named_steps") else estimator
        name = type(last).__name__ if name is None else name
        return cls.from_estimators({name: estimator}, X, y, ax=ax, **kwargs)

    @classmethod
    def from_estimators(cls, estimators, X, y, *, ax=None, **kwargs):
        """Compute and draw the curves of several models in one picture.

        Parameters
        ----------
        estimators : dict of str to estimator object
            Names and fitted classifiers or Pipelines.

        X : array-like of shape (n_samples, ..., n_features)
            What all of them predict from.

        y : array-like of shape (n_samples,)
            True labels.

        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        **kwargs : dict
            Passed to :func:`shift_curve`.

        Returns
        -------
        display : ShiftCurveDisplay
        """
        curves = {
            name: shift_curve(estimator, X, y, **kwargs)
            for name, estimator in estimators.items()
        }
        return cls(curves).plot(ax=ax)

    def plot(self, ax=None, **line_kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        **line_kwargs : dict
            Passed to the ``plot`` of matplotlib for every line.

        Returns
        -------
        display : ShiftCurveDisplay
            Itself.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots()
        self.lines_ = []
        for name, curve in self.curves.items():
            order = curve.fractions.argsort(kind="stable")
            x, y = curve.fractions[order], curve.scores[order]
            self.lines_.extend(ax.plot(x, y, label=name, **line_kwargs))
        ax.set(xlabel="shift / length of the axis", ylabel="score")
        scores = [score for curve in self.curves.values() for score in curve.scores]
        if 0 <= min(scores) and max(scores) <= 1:
            ax.set_ylim(0, 1.02)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

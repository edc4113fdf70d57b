"""The display of scores against the shift of the data."""

from sk_psd.inspection import describe, shift_curve
from sk_psd.plotting._score_curve import chance_of, score_label
from sk_psd.plotting._style import (
    check_dict,
    line_styles,
    make_axes,
    mark_chance,
    name_lines,
    set_frequency_axis,
)

__all__ = ["ShiftCurveDisplay"]


class ShiftCurveDisplay:
    """Curves of the score against the shift, for one or several models.

    Create a display by :meth:`from_estimator` or :meth:`from_estimators`. A line is the
    mean over the phases of the strides of a net. The band around the line reaches from
    the score of the worst phase to that of the best one.

    Parameters
    ----------
    curves : dict of str to Bunch
        For each model, by name, the result of :func:`shift_curve`.

    chance : float, default=None
        Score of a constant guess, drawn as a dotted line. None: no line.

    score_name : str, default="score"
        Label of the y axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    lines_ : list of matplotlib Line2D
        One for each model.

    bands_ : list of matplotlib PolyCollection or None
        One for each model, None if all phases have the same scores.

    chance_line_ : matplotlib Line2D or None
        The dotted line.

    texts_ : list of matplotlib Text
        The labels at the ends of the curves. Empty if `ax` was passed: these axes get a
        legend.

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

    def __init__(self, curves, *, chance=None, score_name="score"):
        self.curves = curves
        self.chance = chance
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, name=None, phases="auto", ax=None, **kwargs
    ):
        """Compute and draw the curve of one model.

        Parameters
        ----------
        estimator : estimator object
            Fitted classifier or Pipeline.

        X : array-like of shape (n_samples, ..., n_features)
            Input of the model.

        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or an indicator matrix.

        name : str, default=None
            Label of the curve. None is the class name of the estimator, or of the
            last step of a Pipeline.

        phases : "auto" or int, default="auto"
            Neighboring shifts, a bin apart, around each shift. "auto" is the stride of
            the net, see :func:`~sk_psd.inspection.describe`, or 1 for other models.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **kwargs : dict
            Passed to :func:`shift_curve`, such as `shifts`.

        Returns
        -------
        display : ShiftCurveDisplay
        """
        last = estimator[-1] if hasattr(estimator, "named_steps") else estimator
        name = type(last).__name__ if name is None else name
        return cls.from_estimators(
            {name: estimator}, X, y, phases=phases, ax=ax, **kwargs
        )

    @classmethod
    def from_estimators(cls, estimators, X, y, *, phases="auto", ax=None, **kwargs):
        """Compute and draw the curves of several models in one figure.

        Parameters
        ----------
        estimators : dict of str to estimator object
            Names and fitted classifiers or Pipelines.

        X : array-like of shape (n_samples, ..., n_features)
            Input of all the models.

        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or an indicator matrix.

        phases : "auto" or int, default="auto"
            Neighboring shifts, a bin apart, around each shift. "auto" is the stride of
            the net, see :func:`~sk_psd.inspection.describe`, or 1 for other models.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **kwargs : dict
            Passed to :func:`shift_curve`, such as `shifts`.

        Returns
        -------
        display : ShiftCurveDisplay
        """
        check_dict("estimators", "the names of the models", estimators)
        curves = {
            name: shift_curve(
                estimator,
                X,
                y,
                phases=_stride(estimator) if phases == "auto" else phases,
                **kwargs,
            )
            for name, estimator in estimators.items()
        }
        scoring = kwargs.get("scoring")
        chance = chance_of(y) if scoring in (None, "accuracy") else None
        display = cls(curves, chance=chance, score_name=score_label(scoring))
        return display.plot(ax=ax)

    def plot(self, ax=None, **line_kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : ShiftCurveDisplay
            The object itself.
        """
        new, ax = ax is None, make_axes(ax, figsize=(8, 4.2))
        widths = [curve.get("bin_width") for curve in self.curves.values()]
        in_hz = all(widths)
        self.lines_, self.bands_ = [], []
        styles = line_styles(len(self.curves))
        for style, (name, curve) in zip(styles, self.curves.items(), strict=True):
            x = curve.shifts * curve.bin_width if in_hz else curve.fractions
            order = x.argsort(kind="stable")
            options = style | dict(label=name) | line_kwargs
            self.lines_.extend(ax.plot(x[order], curve.scores[order], **options))
            low, high = curve.lowest[order], curve.highest[order]
            band = None
            if (low < high).any():
                color = self.lines_[-1].get_color()
                band = ax.fill_between(
                    x[order], low, high, color=color, alpha=0.25, linewidth=0
                )
            self.bands_.append(band)
        ax.set(
            xlabel="shift / length of the axis",
            ylabel=self.score_name,
        )
        if in_hz:
            set_frequency_axis(ax.xaxis, "Hz")
            ax.set_xlabel("shift (Hz)")
        scores = [score for curve in self.curves.values() for score in curve.scores]
        if 0 <= min(scores) and max(scores) <= 1:
            ax.set_ylim(0, 1.02)
        ax.margins(x=0)
        self.chance_line_ = mark_chance(ax, self.chance)
        self.texts_ = name_lines(ax, [*self.lines_, self.chance_line_], new)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _stride(estimator):
    """Return the stride of the net in an estimator, 1 where there is no net."""
    try:
        return describe(estimator).stride
    except ValueError:
        return 1

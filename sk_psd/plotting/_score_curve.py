"""The display of scores against a varied quantity, such as the noise."""

import numpy as np
from sklearn.metrics import check_scoring

from sk_psd.plotting._style import (
    check_dict,
    line_styles,
    make_axes,
    mark_chance,
    name_lines,
)

__all__ = ["ScoreCurveDisplay", "chance_of", "score_label"]


def chance_of(y):
    """Return the accuracy of the best constant guess: the share of the commonest y."""
    counts = np.unique(np.asarray(y), return_counts=True, axis=0)[1]
    return counts.max() / counts.sum()


def score_label(scoring):
    """Return the label of a y axis of scores."""
    if scoring is None:
        return "accuracy"
    return scoring.replace("_", " ") if isinstance(scoring, str) else "score"


class ScoreCurveDisplay:
    """Curves of the score against a varied quantity, for one or several models.

    Create a display by :meth:`from_estimators`, or by :meth:`from_scores` from computed
    scores. A line is the mean over repetitions, such as seeds. The band around the line
    reaches from the lowest to the highest score.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        The varied quantity.

    scores : dict of str to ndarray of shape (n_repetitions, n_values)
        The scores of each model, by name.

    value_name : str, default="SNR (dB)"
        Label of the x axis.

    score_name : str, default="accuracy"
        Label of the y axis.

    chance : float, default=None
        Score of a constant guess, drawn as a dotted line. None: no line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    lines_ : list of matplotlib Line2D
        One for each model.

    bands_ : list of matplotlib PolyCollection or None
        One for each model, None for a model with one repetition.

    chance_line_ : matplotlib Line2D or None
        The dotted line.

    texts_ : list of matplotlib Text
        The labels at the ends of the curves. Empty if `ax` was passed: these axes get a
        legend.

    See Also
    --------
    ShiftCurveDisplay : Scores against the shift of the data.

    Examples
    --------
    >>> from sk_psd.plotting import ScoreCurveDisplay
    >>> display = ScoreCurveDisplay.from_scores(
    ...     [-5, 0, 5], {"net": [[0.5, 0.8, 0.9], [0.6, 0.8, 1.0]]}, chance=0.25
    ... )
    >>> display.lines_[0].get_ydata()
    array([0.55, 0.8 , 0.95])
    """

    def __init__(
        self,
        values,
        scores,
        *,
        value_name="SNR (dB)",
        score_name="accuracy",
        chance=None,
    ):
        self.values = values
        self.scores = scores
        self.value_name = value_name
        self.score_name = score_name
        self.chance = chance

    @classmethod
    def from_estimators(
        cls, estimators, tests, *, value_name="SNR (dB)", scoring=None, ax=None
    ):
        """Score models on several test sets and draw the curves.

        Parameters
        ----------
        estimators : dict of str to estimator object or list of estimator objects
            Names and fitted models. A list holds the same model fitted with several
            seeds.

        tests : dict of float to (X, y)
            The test set for each value of the varied quantity.

        value_name : str, default="SNR (dB)"
            Label of the x axis.

        scoring : str, callable or None, default=None
            As in scikit-learn. None is the `score` of the models, the accuracy.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : ScoreCurveDisplay
        """
        check_dict("estimators", "the names of the models", estimators)
        check_dict("tests", "numbers such as SNRs", tests)
        values = sorted(tests)
        scores = {}
        for name, models in estimators.items():
            models = models if isinstance(models, (list, tuple)) else [models]
            scores[name] = [
                [check_scoring(model, scoring)(model, *tests[v]) for v in values]
                for model in models
            ]
        is_accuracy = scoring in (None, "accuracy")
        chance = np.mean([chance_of(tests[value][1]) for value in values])
        return cls.from_scores(
            values,
            scores,
            value_name=value_name,
            score_name=score_label(scoring),
            chance=chance if is_accuracy else None,
            ax=ax,
        )

    @classmethod
    def from_scores(
        cls,
        values,
        scores,
        *,
        value_name="SNR (dB)",
        score_name="accuracy",
        chance=None,
        ax=None,
    ):
        """Draw the curves of computed scores.

        Parameters
        ----------
        values : array-like of shape (n_values,)
            The varied quantity.

        scores : dict of str to array-like of shape ([n_repetitions,] n_values)
            The scores of each model, by name.

        value_name : str, default="SNR (dB)"
            Label of the x axis.

        score_name : str, default="accuracy"
            Label of the y axis.

        chance : float, default=None
            Score of a constant guess. None draws no line.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : ScoreCurveDisplay

        Raises
        ------
        ValueError
            If a model does not have one score for each value.
        """
        check_dict("scores", "the names of the models", scores)
        values = np.asarray(values, dtype=np.float64)
        rows = {name: np.atleast_2d(np.asarray(s, float)) for name, s in scores.items()}
        for name, row in rows.items():
            if row.ndim != 2 or row.shape[1:] != values.shape:
                raise ValueError(
                    f"scores[{name!r}] must be of shape ([n_repetitions,] "
                    f"{len(values)}), one score for each value. Got shape "
                    f"{np.shape(scores[name])}."
                )
        display = cls(
            values, rows, value_name=value_name, score_name=score_name, chance=chance
        )
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
        display : ScoreCurveDisplay
            The object itself.
        """
        new, ax = ax is None, make_axes(ax, figsize=(8, 4.2))
        order = self.values.argsort(kind="stable")
        x = self.values[order]
        self.lines_, self.bands_ = [], []
        styles = line_styles(len(self.scores))
        for style, (name, scores) in zip(styles, self.scores.items(), strict=True):
            options = style | dict(label=name, marker="o", markersize=4) | line_kwargs
            self.lines_.extend(ax.plot(x, scores.mean(axis=0)[order], **options))
            band = None
            if len(scores) > 1:
                low, high = scores.min(axis=0)[order], scores.max(axis=0)[order]
                color = self.lines_[-1].get_color()
                band = ax.fill_between(x, low, high, color=color, alpha=0.25, lw=0)
            self.bands_.append(band)
        ax.set(xlabel=self.value_name, ylabel=self.score_name)
        every = np.concatenate([scores.ravel() for scores in self.scores.values()])
        if 0 <= every.min() and every.max() <= 1:
            ax.set_ylim(0, 1.02)
        self.chance_line_ = mark_chance(ax, self.chance)
        self.texts_ = name_lines(ax, [*self.lines_, self.chance_line_], new)
        self.ax_, self.figure_ = ax, ax.figure
        return self

"""The display of the steps of a net for one sample, at several places on the axis."""

from numbers import Integral

import numpy as np

from sk_psd.inspection import shift_rows
from sk_psd.inspection._activation import encode_targets
from sk_psd.inspection._shifts import unwrap_rows
from sk_psd.nn import FlattenCNN
from sk_psd.plotting._channel import ChannelView
from sk_psd.plotting._levels import pick_sample
from sk_psd.plotting._style import (
    AGAINST,
    FOR,
    GUIDE,
    check_axes,
    check_not_empty,
    fill_evidence,
    name_prediction,
    set_frequency_axis,
)

__all__ = ["FeatureMapDisplay"]


class FeatureMapDisplay:
    """The steps of a net for one spectrum: kernel, map, weights and evidence.

    Create a display by :meth:`from_estimator`. Each column shows the same sample at
    another place on the frequency axis. The rows, from top to bottom:

    1. The spectrum at the input of the net.
    2. The kernel of one channel, at the maximum of its map. With several layers this is
       the joint kernel of all layers at this place.
    3. The map of this channel: the output of the last convolution at each position. It
       is rectified, or in a :class:`FlattenCNNClassifier` max-pooled. The maximum and
       the mean are marked if the net pools them.
    4. The weights of the linear layer for a class. A linear layer over positions has a
       weight for each position. After a global pool the weight of the mean is the same
       at all positions, and the weight of the maximum lies at the maximum only.
    5. Map times weight: the evidence of this channel.
    6. The evidence of all channels. Its sum plus the bias is the logit of the class.

    Parameters
    ----------
    columns : list of Bunch
        For each column `freqs`, `unit`, `spectrum`, `kernel`, `kernel_freqs`, `places`,
        `map`, `weights`, `products`, `evidence`, `bias`, `logit` and `prediction`.

    target : label
        Class that the evidence is for.

    channel : int
        Index of the channel.

    names : list of str
        Titles of the columns.

    pooling : {"max", "mean", "max_mean"} or None
        The global pool of the net. None stands for a linear layer over positions.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (6, n_columns)
        Axes in the order above.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    lines_ : list of dict of str to matplotlib Line2D
        For each column the lines "spectrum", "kernel", "map", "weights", "products" and
        "evidence".

    See Also
    --------
    ActivationMapDisplay : The evidence alone, of any net and for many samples.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import FlattenCNNClassifier
    >>> from sk_psd.plotting import FeatureMapDisplay
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> model = FlattenCNNClassifier(8, 9, max_epochs=20, random_state=0).fit(X, y)
    >>> display = FeatureMapDisplay.from_estimator(model, X, sample=-1, shifts=[0, 25])
    >>> [str(column.prediction) for column in display.columns]
    ['wide', 'narrow']
    """

    def __init__(self, columns, target, channel, names, pooling=None):
        self.columns = columns
        self.target = target
        self.channel = channel
        self.names = names
        self.pooling = pooling

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        sample=0,
        shifts=(0, 0.25),
        target=None,
        channel=None,
        names=None,
        axes=None,
        **kwargs,
    ):
        """Compute and draw the steps of a net for one sample at several places.

        Parameters
        ----------
        estimator : estimator object
            Fitted :class:`FlattenCNNClassifier` or :class:`GlobalPoolCNNClassifier`, or
            a Pipeline that ends in one of them.

        X : array-like of shape (n_samples, ..., n_features)
            Input of the estimator.

        sample : int, default=0
            Index of the sample.

        shifts : sequence of int or float, default=(0, 0.25)
            Shift of the sample in each column. An int is a number of bins, a float a
            fraction of the axis, as in :func:`shift_curve`.

        target : label, default=None
            Class that the evidence is for. None is the most probable class in the first
            column.

        channel : int, default=None
            Channel to draw. None is the one with the most evidence for the class in the
            first column.

        names : list of str, default=None
            Titles of the columns. None names the shifts.

        axes : array-like of matplotlib Axes of shape (6, n_columns), default=None
            Axes to draw in. None makes a new figure.

        **kwargs : dict
            Passed to :func:`~sk_psd.inspection.shift_rows`, such as `domain`.

        Returns
        -------
        display : FeatureMapDisplay

        Raises
        ------
        ValueError
            If the estimator holds no net of these two kinds, or if a parameter does not
            fit.
        """
        row = pick_sample(X, sample)
        shifts = list(shifts) if np.iterable(shifts) else [shifts]
        check_not_empty("shifts", shifts)
        views = [
            ChannelView(estimator, _shift(estimator, row, shift, kwargs))
            for shift in shifts
        ]
        first, net = views[0], views[0].net
        if np.ndim(target):
            raise ValueError(
                f"target must be one label, that of all columns. Got {target!r}."
            )
        code = int(encode_targets(target, first.logits[None], first.classes)[0])
        maps, slopes = first.find_slopes(code)
        if channel is None:
            channel = int((maps * slopes).sum(axis=1).argmax())
        is_index = isinstance(channel, Integral) and not isinstance(channel, bool)
        if not (is_index and 0 <= channel < len(maps)):
            raise ValueError(
                f"channel must be the index of one of {len(maps)} channels. Got "
                f"{channel!r}."
            )
        if names is None:
            names = [_name(shift) for shift in shifts]
        if len(names) != len(shifts):
            raise ValueError(
                f"names must hold a title for each of the {len(shifts)} shifts. Got "
                f"{names!r}."
            )
        flat = isinstance(net.module_, FlattenCNN)
        display = cls(
            [view.look(code, channel) for view in views],
            first.classes[code],
            channel,
            list(names),
            None if flat else net.module_.pool.pooling,
        )
        return display.plot(axes=axes)

    def plot(self, axes=None):
        """Draw the columns.

        Parameters
        ----------
        axes : array-like of matplotlib Axes of shape (6, n_columns), default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : FeatureMapDisplay
            The object itself.
        """
        n_columns = len(self.columns)
        self.axes_ = check_axes(
            axes,
            (6, n_columns),
            "six drawings of each column",
            figsize=(1 + 4.2 * n_columns, 9),
            sharex=True,
            sharey="row",
        )
        self.lines_ = [
            self._draw(column, self.axes_[:, i])
            for i, column in enumerate(self.columns)
        ]
        for i, name in enumerate(self.names):
            top, bottom = self.axes_[[0, -1], i]
            top.set_title(f"{name}\n", fontweight="bold")
            top.set_title("1  spectrum at the net", loc="left", fontsize="small")
            set_frequency_axis(bottom.xaxis, self.columns[i].unit)
        self.figure_ = self.axes_[0, 0].figure
        return self

    def _draw(self, column, axes):
        """Draw one column, and return its lines by name."""
        spectrum, kernel, answers, weights, products, evidence = axes
        lines = {}
        lines["spectrum"] = spectrum.plot(
            column.freqs, column.spectrum.T, color="black", linewidth=0.9
        )[0]
        if column.kernel.size:
            lines["kernel"] = kernel.plot(
                column.kernel_freqs, column.kernel.T, color="#009E73", linewidth=1.2
            )[0]
        kernel.axhline(0, color=GUIDE, linewidth=0.8)
        (lines["map"],) = answers.plot(
            column.places, column.map, color="black", linewidth=0.6
        )
        answers.fill_between(column.places, column.map, color="#56B4E9", linewidth=0)
        lines["weights"] = fill_evidence(weights, column.places, column.weights)
        lines["products"] = fill_evidence(products, column.places, column.products)
        lines["evidence"] = fill_evidence(evidence, column.places, column.evidence)
        said = name_prediction(column.prediction)
        # The label of a class is its column in a row of indicators.
        is_right = (
            column.prediction == self.target
            if np.ndim(column.prediction) == 0
            else column.prediction[self.target] == 1
        )
        titles = {
            kernel: f"2  kernel of channel {self.channel}, at the maximum of its map"
            if column.kernel.size
            else f"2  channel {self.channel} is zero everywhere",
            answers: f"3  {self._mark_pooled(answers, column)}",
            weights: f"4  {self._weight_name()}",
            products: f"5  map x weight, sum {column.products.sum():+.2f}",
            evidence: f"6  all channels, sum {column.evidence.sum():+.2f}: "
            f"net says {said}",
        }
        for ax, title in titles.items():
            ax.set_title(title, loc="left", fontsize="small")
        evidence._left_title.set(color=FOR if is_right else AGAINST, fontweight="bold")
        for ax in axes:
            ax.set_xlim(column.freqs[0], column.freqs[-1])
            ax.spines[["top", "right"]].set_visible(False)
            ax.tick_params(labelsize="small")
        return lines

    def _mark_pooled(self, ax, column):
        """Mark the values that the global pool keeps. Return the title of the map."""
        if self.pooling is None:
            return "map after the max pool"
        kept = []
        if "max" in self.pooling:
            top = column.map.argmax()
            ax.plot(column.places[top], column.map[top], "o", color=AGAINST, ms=6)
            kept.append(f"maximum {column.map[top]:.2f}")
        if "mean" in self.pooling:
            mean = column.map.mean()
            ax.axhline(mean, color=AGAINST, linestyle="--", linewidth=1)
            kept.append(f"mean {mean:.2f}")
        return f"rectified map, kept: {', '.join(kept)}"

    def _weight_name(self):
        """Return the title of the weights."""
        if self.pooling is None:
            return f"weights for {self.target}: one for each position"
        if self.pooling == "mean":
            return f"weight for {self.target}: one for all positions"
        return f"weights for {self.target}: they follow the maximum"


def _shift(estimator, X, shift, options):
    """Return a sample at another place, in the type of X."""
    if shift == 0:
        return X
    _, rewrap = unwrap_rows(X)
    return rewrap(shift_rows(estimator, X, shift, **options))


def _name(shift):
    """Return the title of a column."""
    if shift == 0:
        return "not shifted"
    if isinstance(shift, Integral):
        return f"shifted by {shift} bins"
    return f"shifted by {shift:.0%} of the axis"

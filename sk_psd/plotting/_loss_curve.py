"""The display of the loss of a fitted net in each epoch."""

from sklearn.utils.validation import check_is_fitted

from sk_psd._net_estimator import NetEstimator
from sk_psd.inspection._net_input import find_net
from sk_psd.plotting._style import GUIDE, line_styles, make_axes

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay:
    """The training loss of each epoch, and the validation loss if there is one.

    Create a display by :meth:`from_estimator`.

    Parameters
    ----------
    epochs : list of int
        Numbers of the epochs.

    losses : dict of str to list of float
        The losses of each epoch, by name. NaN for epochs without this loss.

    best_epoch : int, default=None
        Number of the epoch whose weights were kept. None: no epoch is marked.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the losses.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    lines_ : list of matplotlib Line2D
        One for each kind of loss.

    best_line_ : matplotlib Line2D or None
        The vertical line at the best epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.plotting import LossCurveDisplay
    >>> X, y = np.random.default_rng(0).random((8, 64)), [0, 1] * 4
    >>> model = GlobalPoolCNNClassifier(max_epochs=3, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> display.lines_[0].get_xdata()
    array([1, 2, 3])
    """

    def __init__(self, epochs, losses, *, best_epoch=None):
        self.epochs = epochs
        self.losses = losses
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, **line_kwargs):
        """Draw the loss of a fitted net.

        Parameters
        ----------
        estimator : estimator object
            Fitted net classifier, a Pipeline that ends in one, or a
            :class:`LearnedConvFilter` that was fitted with ``solver="gradient"``.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        ValueError
            If there is no net, or it was not trained in epochs.
        """
        net = estimator
        if not isinstance(estimator, NetEstimator):
            net = find_net(estimator)[1]
        check_is_fitted(net)
        history = getattr(net, "history_", None)
        if not history:
            raise ValueError(
                f"estimator has no epochs: {net!r} was not trained by gradient descent."
            )
        losses = {"training": "train_loss", "validation": "valid_loss"}
        losses = {
            name: [net._loss_in_units_of_y(e.get(key, "nan")) for e in history]
            for name, key in losses.items()
            if any(key in epoch for epoch in history)
        }
        display = cls(
            [epoch["epoch"] for epoch in history],
            losses,
            # Without validation the last epoch is the best one by definition.
            best_epoch=net.best_epoch_ if "validation" in losses else None,
        )
        return display.plot(ax=ax, **line_kwargs)

    def plot(self, ax=None, **line_kwargs):
        """Draw the losses.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot`.

        Returns
        -------
        display : LossCurveDisplay
            The object itself.
        """
        ax = make_axes(ax, figsize=(6, 3.6))
        self.lines_ = []
        styles = line_styles(len(self.losses))
        for style, (name, losses) in zip(styles, self.losses.items(), strict=True):
            options = style | dict(label=name) | line_kwargs
            self.lines_.extend(ax.plot(self.epochs, losses, **options))
        self.best_line_ = None
        if self.best_epoch is not None:
            self.best_line_ = ax.axvline(
                self.best_epoch,
                color=GUIDE,
                linestyle=":",
                label=f"best epoch ({self.best_epoch})",
            )
        ax.set(xlabel="epoch", ylabel="loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

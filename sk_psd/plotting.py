"""Displays: draw the results of inspection. Needs matplotlib."""

import numpy as np

from sk_psd.inspection import filter_response, shift_curve

__all__ = ["FilterDisplay", "ShiftCurveDisplay"]


class ShiftCurveDisplay:
    """Curves of the score against the shift, for one or several models.

    Create a display by :meth:`from_estimator` or :meth:`from_estimators`.

    Parameters
    ----------
    curves : dict of str to Bunch
        For each model, by name, the result of :func:`shift_curve`.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.

    figure_ : matplotlib Figure
        Figure that contains the axes.

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
            Input of the model.

        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or an indicator matrix.

        name : str, default=None
            Label of the curve. None is the class name of the estimator, or of the
            last step of a Pipeline.

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
        return cls.from_estimators({name: estimator}, X, y, ax=ax, **kwargs)

    @classmethod
    def from_estimators(cls, estimators, X, y, *, ax=None, **kwargs):
        """Compute and draw the curves of several models in one figure.

        Parameters
        ----------
        estimators : dict of str to estimator object
            Names and fitted classifiers or Pipelines.

        X : array-like of shape (n_samples, ..., n_features)
            Input of all the models.

        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or an indicator matrix.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **kwargs : dict
            Passed to :func:`shift_curve`, such as `shifts`.

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
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : ShiftCurveDisplay
            The object itself.
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
        # matplotlib hides labels that start with "_": then there is no legend to draw.
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


class FilterDisplay:
    """The kernel of a filter and its gain at each frequency.

    Create a display by :meth:`from_filter`.

    Parameters
    ----------
    response : Bunch
        The result of :func:`filter_response`.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib Axes
        Axes with the kernel and axes with the gain.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    stems_ : list of matplotlib StemContainer
        The kernel. A complex kernel has two: its real and its imaginary part.

    line_ : matplotlib Line2D
        The gain.

    See Also
    --------
    sk_psd.filter_response : The numbers.

    Examples
    --------
    >>> from sk_psd import FilterDisplay
    >>> display = FilterDisplay.from_filter([0.25, 0.5, 0.25], fs=100)
    >>> [ax.get_xlabel() for ax in display.axes_]
    ['tap', 'frequency (Hz)']
    """

    def __init__(self, response):
        self.response = response

    @classmethod
    def from_filter(cls, filter, *, fs=None, n_freqs=512, name=None, axes=None):
        """Compute and draw the response of one filter.

        Parameters
        ----------
        filter : estimator object or array-like of shape (kernel_size,)
            Fitted :class:`ConvFilter` or :class:`LearnedConvFilter`, or a kernel.

        fs : float, default=None
            Sampling frequency, in Hz. None is the `fs` of the filter, or 1.0 where it
            has none.

        n_freqs : int, default=512
            Number of frequencies.

        name : str, default=None
            Label of the curve. None is the class name of the filter, or "kernel".

        axes : sequence of two matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : FilterDisplay
        """
        if name is None:
            is_fitted = hasattr(filter, "kernel_")
            name = type(filter).__name__ if is_fitted else "kernel"
        response = filter_response(filter, fs, n_freqs=n_freqs)
        return cls(response).plot(axes=axes, label=name)

    def plot(self, axes=None, **line_kwargs):
        """Draw the kernel and its gain.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, default=None
            Axes to draw in, first the kernel, then the gain. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for the gain.

        Returns
        -------
        display : FilterDisplay
            The object itself.
        """
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
        if len(self.axes_) != 2:
            raise ValueError(
                "axes must be two matplotlib Axes, for the kernel and for the gain. "
                f"Got {len(self.axes_)}."
            )
        taps, gain = self.axes_
        lines = gain.plot(self.response.freqs, self.response.gain, **line_kwargs)
        self.line_ = lines[0]
        gain.set(xlabel="frequency (Hz)", ylabel="gain (dB)")
        if "label" in line_kwargs:
            gain.legend()
        kernel = self.response.kernel
        parts = {"kernel": kernel}
        if np.iscomplexobj(kernel):
            parts = {"real": kernel.real, "imaginary": kernel.imag}
        self.stems_ = []
        for i, (name, values) in enumerate(parts.items()):
            color = self.line_.get_color() if i == 0 else "0.6"
            stem = taps.stem(values, linefmt=color, basefmt="0.8", label=name)
            stem.markerline.set(markersize=4, color=color)
            self.stems_.append(stem)
        taps.set(xlabel="tap", ylabel="kernel")
        taps.xaxis.get_major_locator().set_params(integer=True)
        if len(parts) > 1:
            taps.legend()
        self.figure_ = gain.figure
        return self

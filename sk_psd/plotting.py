"""Displays: draw what inspection computed. Needs matplotlib."""

import numpy as np

from sk_psd.inspection import _find_kernel, filter_response, shift_curve

__all__ = ["FilterDisplay", "ShiftCurveDisplay"]


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
        if ax.get_legend_handles_labels()[0]:  # names with "_" in front are hidden
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


class FilterDisplay:
    """The kernel of a filter and its gain at each frequency.

    Create it by :meth:`from_estimator`.

    Parameters
    ----------
    kernel : ndarray of shape (kernel_size,)
        Real or complex.

    response : Bunch
        What :func:`filter_response` returned for it.

    Attributes
    ----------
    axes_ : ndarray of two matplotlib Axes
        With the kernel and with the gain.

    figure_ : matplotlib Figure
        That contains them.

    stems_ : list of matplotlib StemContainer
        The kernel; of a complex one the real and the imaginary part.

    line_ : matplotlib Line2D
        The gain.

    See Also
    --------
    sk_psd.filter_response : The numbers.

    Examples
    --------
    >>> from sk_psd import FilterDisplay
    >>> display = FilterDisplay.from_estimator([0.25, 0.5, 0.25], fs=100)
    >>> [ax.get_xlabel() for ax in display.axes_]
    ['tap', 'frequency (Hz)']
    """

    def __init__(self, kernel, response):
        self.kernel = kernel
        self.response = response

    @classmethod
    def from_estimator(
        cls, estimator_or_kernel, *, fs=None, n_freqs=512, name=None, axes=None
    ):
        """Compute and draw the response of one filter.

        Parameters
        ----------
        estimator_or_kernel : estimator object or array-like of shape (kernel_size,)
            As :func:`filter_response` takes it.

        fs : float, default=None
            Sampling frequency, in Hz. None is that of the estimator, where it has one,
            and 1.0 otherwise.

        n_freqs : int, default=512
            Number of frequencies.

        name : str, default=None
            Label of the curve. None is the class of the estimator, or "kernel".

        axes : sequence of two matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        Returns
        -------
        display : FilterDisplay
        """
        kernel, _ = _find_kernel(estimator_or_kernel)
        response = filter_response(estimator_or_kernel, fs, n_freqs=n_freqs)
        if name is None:
            fitted = hasattr(estimator_or_kernel, "kernel_")
            name = type(estimator_or_kernel).__name__ if fitted else "kernel"
        return cls(kernel, response).plot(axes=axes, label=name)

    def plot(self, axes=None, **line_kwargs):
        """Draw the kernel and its gain.

        Parameters
        ----------
        axes : sequence of two matplotlib Axes, default=None
            Where to draw. None makes a new figure.

        **line_kwargs : dict
            Passed to the ``plot`` of matplotlib for the gain.

        Returns
        -------
        display : FilterDisplay
            Itself.
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
        self.line_ = gain.plot(self.response.freqs, self.response.gain, **line_kwargs)[
            0
        ]
        gain.set(xlabel="frequency (Hz)", ylabel="gain (dB)")
        if "label" in line_kwargs:
            gain.legend()
        parts = {"kernel": self.kernel}
        if np.iscomplexobj(self.kernel):
            parts = {"real": self.kernel.real, "imaginary": self.kernel.imag}
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

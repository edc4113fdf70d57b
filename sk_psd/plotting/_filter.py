"""The display of a filter: its kernel and its gain."""

import numpy as np

from sk_psd.inspection import filter_response
from sk_psd.plotting._style import check_axes, line_styles

__all__ = ["FilterDisplay"]


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
        grid = check_axes(axes, (1, 2), "the kernel and the gain", figsize=(9, 3.5))
        self.axes_ = grid.ravel()
        taps, gain = self.axes_
        first, second = line_styles(2)
        style = first | line_kwargs
        (self.line_,) = gain.plot(self.response.freqs, self.response.gain, **style)
        gain.set(xlabel="frequency (Hz)", ylabel="gain (dB)")
        if "label" in line_kwargs:
            gain.legend()
        kernel = self.response.kernel
        parts = {"kernel": kernel}
        if np.iscomplexobj(kernel):
            parts = {"real": kernel.real, "imaginary": kernel.imag}
        self.stems_ = []
        for i, (name, values) in enumerate(parts.items()):
            color = self.line_.get_color() if i == 0 else second["color"]
            stem = taps.stem(values, linefmt=color, basefmt="0.8", label=name)
            stem.markerline.set(markersize=4, color=color, marker="os"[i])
            self.stems_.append(stem)
        taps.set(xlabel="tap", ylabel="kernel")
        taps.xaxis.get_major_locator().set_params(integer=True)
        if len(parts) > 1:
            taps.legend()
        self.figure_ = gain.figure
        return self

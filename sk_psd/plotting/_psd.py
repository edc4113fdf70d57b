"""The display of many spectra: the median and the spread of each class."""

import numpy as np

from sk_psd._arguments import check_flag
from sk_psd._arrays import as_ndarray, as_real
from sk_psd.plotting._levels import check_axis_values, find_spectra
from sk_psd.plotting._style import line_styles, make_axes, set_frequency_axis

__all__ = ["PSDDisplay"]


class PSDDisplay:
    """The median spectrum of each class, and a band that holds most of its levels.

    Create a display by :meth:`from_estimator` or :meth:`from_spectra`.

    Parameters
    ----------
    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order.

    bands : dict of label to ndarray of shape (3, n_freqs)
        For each class the lower end of the band, the median and the upper end.

    unit : str, default="Hz"
        Unit of the frequencies.

    level_name : str, default="power density (dB/Hz)"
        Label of the y axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the spectra.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    lines_ : list of matplotlib Line2D
        The medians, one for each class.

    bands_ : list of matplotlib PolyCollection
        The bands, one for each class.

    See Also
    --------
    sk_psd.WelchPSD : Makes the spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd.plotting import PSDDisplay
    >>> spectra = np.random.default_rng(0).normal(size=(20, 64))
    >>> display = PSDDisplay.from_spectra(spectra, ["quiet"] * 10 + ["loud"] * 10)
    >>> [line.get_label() for line in display.lines_]
    ['loud', 'quiet']
    """

    def __init__(self, freqs, bands, *, unit="Hz", level_name="power density (dB/Hz)"):
        self.freqs = freqs
        self.bands = bands
        self.unit = unit
        self.level_name = level_name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        relative=False,
        quantiles=(0.1, 0.9),
        ax=None,
        **line_kwargs,
    ):
        """Compute the spectra of signals and draw them by class.

        Parameters
        ----------
        estimator : estimator object
            Fitted :class:`WelchPSD`, or a Pipeline that contains one. The output of
            WelchPSD is drawn in dB, without the later steps. If no step makes spectra,
            X holds spectra, as in :meth:`from_spectra`.

        X : array-like of shape (n_samples, ..., n_features)
            Input of the estimator. The channels of a sample count as samples.

        y : array-like of shape (n_samples,), default=None
            Labels. None puts all samples into one class without a label.

        relative : bool, default=False
            Whether to subtract from each spectrum its own median, as gains differ.

        quantiles : (float, float), default=(0.1, 0.9)
            Shares of the spectra below the lower and the upper end of the band, at each
            frequency.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for the medians.

        Returns
        -------
        display : PSDDisplay
        """
        found = find_spectra(estimator, X)
        if found.times is not None:
            raise ValueError(
                "estimator makes spectrograms. Draw them with SpectrogramDisplay, or "
                "pass a Pipeline with WelchPSD."
            )
        return cls.from_spectra(
            found.values,
            y,
            freqs=found.freqs,
            unit=found.unit,
            level_name=found.level_name,
            relative=relative,
            quantiles=quantiles,
            ax=ax,
            **line_kwargs,
        )

    @classmethod
    def from_spectra(
        cls,
        X,
        y=None,
        *,
        freqs=None,
        unit=None,
        level_name="power density (dB/Hz)",
        relative=False,
        quantiles=(0.1, 0.9),
        ax=None,
        **line_kwargs,
    ):
        """Draw spectra by class.

        Parameters
        ----------
        X : array-like of shape (n_samples, [n_channels,] n_freqs)
            Spectra, as levels in dB. The channels of a sample count as samples.

        y : array-like of shape (n_samples,), default=None
            Labels. None puts all samples into one class without a label.

        freqs : array-like of shape (n_freqs,), default=None
            Frequencies in ascending order. None counts the bins.

        unit : str, default=None
            Unit of the frequencies. None is "Hz", or "bins" without `freqs`.

        level_name : str, default="power density (dB/Hz)"
            Label of the y axis.

        relative : bool, default=False
            Whether to subtract from each spectrum its own median, as gains differ.

        quantiles : (float, float), default=(0.1, 0.9)
            Shares of the spectra below the lower and the upper end of the band, at each
            frequency.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for the medians.

        Returns
        -------
        display : PSDDisplay

        Raises
        ------
        ValueError
            If X is not an array of spectra, or if y or `quantiles` does not fit.
        """
        X = as_real(X)
        if X.ndim not in (2, 3) or 0 in X.shape:
            raise ValueError(
                "X must be of shape (n_samples, [n_channels,] n_freqs). Got shape "
                f"{tuple(X.shape)}."
            )
        X = np.asarray(X, dtype=np.float64).reshape(len(X), -1, X.shape[-1])
        labels = np.full(len(X), "") if y is None else as_ndarray(y, "y")
        if labels.shape != (len(X),):
            raise ValueError(
                f"y must hold one label for each of the {len(X)} rows of X. Got shape "
                f"{labels.shape}."
            )
        check_flag("relative", relative)
        if relative:
            X = X - np.median(X, axis=-1, keepdims=True)
            level_name = f"{level_name}, less the median"
        low, high = _read_quantiles(quantiles)
        bands = {
            label: np.quantile(
                X[labels == label].reshape(-1, X.shape[-1]), [low, 0.5, high], axis=0
            )
            for label in np.unique(labels)
        }
        unit = ("bins" if freqs is None else "Hz") if unit is None else unit
        freqs = check_axis_values("freqs", freqs, X.shape[-1])
        display = cls(freqs, bands, unit=unit, level_name=level_name)
        return display.plot(ax=ax, **line_kwargs)

    def plot(self, ax=None, **line_kwargs):
        """Draw the medians and the bands.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **line_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.plot` for the medians.

        Returns
        -------
        display : PSDDisplay
            The object itself.
        """
        ax = make_axes(ax, figsize=(7, 4))
        self.lines_, self.bands_ = [], []
        styles = line_styles(len(self.bands))
        for style, (label, band) in zip(styles, self.bands.items(), strict=True):
            low, median, high = band
            options = style | dict(label=str(label) or "_median") | line_kwargs
            self.lines_.extend(ax.plot(self.freqs, median, **options))
            color = self.lines_[-1].get_color()
            fill = ax.fill_between(self.freqs, low, high, color=color, alpha=0.15, lw=0)
            # Edges keep overlapping bands distinguishable.
            for edge in (low, high):
                ax.plot(self.freqs, edge, **options | dict(label="_edge", lw=0.6))
            self.bands_.append(fill)
        set_frequency_axis(ax.xaxis, self.unit)
        ax.set_ylabel(self.level_name)
        ax.margins(x=0)
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _read_quantiles(quantiles):
    """Return two ascending shares as floats."""
    try:
        low, high = map(float, quantiles)
    except (TypeError, ValueError):
        low = high = np.nan
    if not 0 <= low <= high <= 1:
        raise ValueError(
            "quantiles must be two ascending numbers between 0 and 1. Got "
            f"{quantiles!r}."
        )
    return low, high

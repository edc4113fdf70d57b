"""The display of one spectrogram."""

import numpy as np

from sk_psd._arrays import as_real
from sk_psd.plotting._levels import check_axis_values, find_spectra, pick_sample
from sk_psd.plotting._style import make_axes, set_frequency_axis

__all__ = ["SpectrogramDisplay", "draw_spectrogram"]


def draw_spectrogram(ax, values, freqs, times, **options):
    """Draw an array of shape (n_freqs, n_frames) as colors over time and frequency.

    Parameters
    ----------
    ax : matplotlib Axes

    values : ndarray of shape (n_freqs, n_frames)

    freqs : ndarray of shape (n_freqs,)

    times : ndarray of shape (n_frames,)

    **options : dict
        Passed to :meth:`matplotlib.axes.Axes.pcolormesh`.

    Returns
    -------
    mesh : matplotlib QuadMesh
    """
    # Otherwise a few values near zero power would take most of the color scale.
    options.setdefault("vmin", np.quantile(values, 0.01))
    # A rasterized mesh keeps the files of vector graphics small.
    return ax.pcolormesh(
        times, freqs, values, shading="nearest", rasterized=True, **options
    )


class SpectrogramDisplay:
    """A spectrogram over time and frequency, with a color bar.

    Create a display by :meth:`from_estimator` or :meth:`from_spectrogram`. The color
    scale starts at the quantile .01 of the values, unless `vmin` is passed.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_freqs, n_frames)
        Levels.

    freqs : ndarray of shape (n_freqs,)
        Frequencies in ascending order.

    times : ndarray of shape (n_frames,)
        Times of the frames.

    unit : str, default="Hz"
        Unit of the frequencies.

    time_unit : str, default="s"
        Unit of the times.

    level_name : str, default="power density (dB/Hz)"
        Label of the color bar.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the spectrogram.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    mesh_ : matplotlib QuadMesh
        The colors.

    colorbar_ : matplotlib Colorbar
        The color bar.

    See Also
    --------
    sk_psd.Spectrogram : Makes spectrograms.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import Spectrogram
    >>> from sk_psd.plotting import SpectrogramDisplay
    >>> signal = np.random.default_rng(0).normal(size=(1, 2000))
    >>> step = Spectrogram(fs=1000, nperseg=128).fit(signal)
    >>> display = SpectrogramDisplay.from_estimator(step, signal)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('time (s)', 'frequency (Hz)')
    """

    def __init__(
        self,
        spectrogram,
        freqs,
        times,
        *,
        unit="Hz",
        time_unit="s",
        level_name="power density (dB/Hz)",
    ):
        self.spectrogram = spectrogram
        self.freqs = freqs
        self.times = times
        self.unit = unit
        self.time_unit = time_unit
        self.level_name = level_name

    @classmethod
    def from_estimator(
        cls, estimator, X, *, sample=0, channel=0, ax=None, **mesh_kwargs
    ):
        """Compute and draw the spectrogram of one signal.

        Parameters
        ----------
        estimator : estimator object
            Fitted :class:`Spectrogram`, or a Pipeline that contains one. The output of
            Spectrogram is drawn in dB, without the later steps.

        X : array-like of shape (n_samples, [n_channels,] n_times)
            Signals.

        sample : int, default=0
            Index of the signal.

        channel : int, default=0
            Index of the channel.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **mesh_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.pcolormesh`, such as `cmap`.

        Returns
        -------
        display : SpectrogramDisplay

        Raises
        ------
        ValueError
            If the estimator makes no spectrograms.
        """
        found = find_spectra(estimator, pick_sample(X, sample))
        if found.times is None:
            raise ValueError(
                "estimator must be a fitted Spectrogram or a Pipeline with one. Got "
                f"{type(estimator).__name__}; draw spectra with PSDDisplay, and arrays "
                "with SpectrogramDisplay.from_spectrogram."
            )
        values = found.values[0] if found.values.ndim == 3 else found.values[0, channel]
        return cls.from_spectrogram(
            values,
            freqs=found.freqs,
            times=found.times,
            level_name=found.level_name,
            ax=ax,
            **mesh_kwargs,
        )

    @classmethod
    def from_spectrogram(
        cls,
        spectrogram,
        *,
        freqs=None,
        times=None,
        level_name="power density (dB/Hz)",
        ax=None,
        **mesh_kwargs,
    ):
        """Draw a spectrogram.

        Parameters
        ----------
        spectrogram : array-like of shape (n_freqs, n_frames)
            Levels in dB.

        freqs : array-like of shape (n_freqs,), default=None
            Frequencies in Hz, in ascending order. None counts the bins.

        times : array-like of shape (n_frames,), default=None
            Times of the frames, in seconds. None counts the frames.

        level_name : str, default="power density (dB/Hz)"
            Label of the color bar.

        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **mesh_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.pcolormesh`, such as `cmap`.

        Returns
        -------
        display : SpectrogramDisplay

        Raises
        ------
        ValueError
            If `spectrogram`, `freqs` or `times` has another shape.
        """
        values = as_real(spectrogram, "spectrogram")
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(
                "spectrogram must be of shape (n_freqs, n_frames). Got shape "
                f"{tuple(values.shape)}."
            )
        display = cls(
            values,
            check_axis_values("freqs", freqs, values.shape[0]),
            check_axis_values("times", times, values.shape[1]),
            unit="bins" if freqs is None else "Hz",
            time_unit="frames" if times is None else "s",
            level_name=level_name,
        )
        return display.plot(ax=ax, **mesh_kwargs)

    def plot(self, ax=None, **mesh_kwargs):
        """Draw the spectrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in. None makes a new figure.

        **mesh_kwargs : dict
            Passed to :meth:`matplotlib.axes.Axes.pcolormesh`, such as `cmap`.

        Returns
        -------
        display : SpectrogramDisplay
            The object itself.
        """
        ax = make_axes(ax, figsize=(7, 4))
        self.mesh_ = draw_spectrogram(
            ax, self.spectrogram, self.freqs, self.times, **mesh_kwargs
        )
        ax.set_xlabel(f"time ({self.time_unit})")
        set_frequency_axis(ax.yaxis, self.unit)
        self.colorbar_ = ax.figure.colorbar(
            self.mesh_, ax=ax, label=self.level_name, extend="min"
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self

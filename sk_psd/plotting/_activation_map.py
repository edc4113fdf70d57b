"""The display of the evidence of a net for a class, below the spectrum."""

import numpy as np
from sklearn.utils import _safe_indexing

from sk_psd.inspection import activation_map, locate
from sk_psd.inspection._net_input import follow_to_net
from sk_psd.plotting._spectrogram import draw_spectrogram
from sk_psd.plotting._style import (
    EVIDENCE_MAP,
    FOR,
    check_axes,
    check_not_empty,
    fill_evidence,
    name_prediction,
    set_frequency_axis,
)

__all__ = ["ActivationMapDisplay"]


class ActivationMapDisplay:
    """Spectra or spectrograms, and below each the evidence for a class.

    Create a display by :meth:`from_estimator`. Evidence for the class is blue. Evidence
    against the class is orange and hatched, or red in a spectrogram.

    Parameters
    ----------
    spectra : ndarray of shape (n_samples, [n_channels,] n_freqs[, n_frames])
        The spectra at the input of the net, with rolls by :class:`PeakAlign` undone.

    result : Bunch
        The result of :func:`~sk_psd.inspection.activation_map` for these samples.

    places : Bunch, default=None
        The result of :func:`~sk_psd.inspection.locate` for these samples. None: no
        bands are marked.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2, n_samples)
        The spectra above, the evidence below.

    figure_ : matplotlib Figure
        Figure that contains the axes.

    spectra_ : list of matplotlib artists
        For each sample the lines of its channels, or the colors of the spectrogram.

    evidence_ : list of matplotlib artists
        For each sample the line around the evidence, or its colors.

    bands_ : list of list of matplotlib artists
        For each sample the marks of its band in both axes: two, or four if the band
        crosses the end of the axis.

    See Also
    --------
    sk_psd.inspection.activation_map : The numbers.
    sk_psd.inspection.locate : The bands.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.plotting import ActivationMapDisplay
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> display = ActivationMapDisplay.from_estimator(model, X, samples=[0, -1])
    >>> [ax.get_title() for ax in display.axes_[0]]
    ['net says narrow', 'net says wide']
    """

    def __init__(self, spectra, result, places=None):
        self.spectra = spectra
        self.result = result
        self.places = places

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        samples=None,
        target=None,
        mark_band=False,
        threshold=0.25,
        axes=None,
    ):
        """Compute and draw the evidence in some samples.

        Parameters
        ----------
        estimator : estimator object
            Fitted net classifier, or a Pipeline that ends in one.

        X : array-like of shape (n_samples, ..., n_features)
            Input of the estimator.

        samples : list of int, default=None
            Indices of the samples to draw. None draws the first three. A sample may
            occur several times, with another `target` each time.

        target : label or array-like of shape (n_drawn,), default=None
            Class that the evidence is for: one for all samples drawn, or one for each.
            None is the predicted class of each sample. If the net was trained on an
            indicator matrix, a label is the number of a column, and None is the most
            probable column.

        mark_band : bool, default=False
            Whether to mark the band that :func:`~sk_psd.inspection.locate` finds.

        threshold : float, default=0.25
            Smallest evidence in the band, as a part of the largest. Between 0 and 1.

        axes : array-like of matplotlib Axes of shape (2, n_drawn), default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : ActivationMapDisplay

        Raises
        ------
        ValueError
            If there is no net in the estimator, or if `samples` or `target` does not
            fit.
        """
        check_not_empty("X", X)
        drawn = _safe_indexing(X, _read_samples(samples, len(X)))
        found = follow_to_net(estimator, drawn)
        # Undo the rolls by PeakAlign.
        spectra = np.stack(
            [
                row if shift == 0 else np.roll(row, -shift, axis=-1)
                for row, shift in zip(found.X, found.shift, strict=True)
            ]
        )
        result = activation_map(estimator, drawn, target=target)
        places = None
        if mark_band:
            places = locate(
                estimator, drawn, target=result.targets, threshold=threshold
            )
        return cls(spectra, result, places).plot(axes=axes)

    def plot(self, axes=None):
        """Draw the spectra and the evidence.

        Parameters
        ----------
        axes : array-like of matplotlib Axes of shape (2, n_samples), default=None
            Axes to draw in. None makes a new figure.

        Returns
        -------
        display : ActivationMapDisplay
            The object itself.
        """
        found = self.result
        n_samples = len(found.maps)
        self.axes_ = check_axes(
            axes,
            (2, n_samples),
            "the spectra and the evidence below them",
            figsize=(1.5 + 3 * n_samples, 4.4),
            sharex=True,
            sharey="row",
            height_ratios=[3, 2],
        )
        draw = self._draw_spectra if found.times is None else self._draw_spectrograms
        self.spectra_, self.evidence_, self.bands_ = [], [], []
        for i in range(n_samples):
            draw(i, *self.axes_[:, i])
            said, target = name_prediction(found.predictions[i]), found.targets[i]
            title = f"net says {said}"
            if said != str(target):
                title = f"{title},\nevidence for {target}"
            self.axes_[0, i].set_title(title)
        self.figure_ = self.axes_[0, 0].figure
        return self

    def _draw_spectra(self, i, top, bottom):
        """Draw the spectrum of sample i, its evidence and its band."""
        found = self.result
        rows = np.atleast_2d(self.spectra[i])
        self.spectra_.append(
            top.plot(found.freqs, rows.T, color="black", linewidth=0.9)
        )
        self.evidence_.append(fill_evidence(bottom, found.freqs, found.maps[i]))
        self.bands_.append(
            [
                ax.axvspan(low, high, color=FOR, alpha=0.15, linewidth=0)
                for low, high in self._limits(i)
                for ax in (top, bottom)
            ]
        )
        set_frequency_axis(bottom.xaxis, found.unit)
        top.margins(x=0)
        bottom.margins(x=0)
        if i == 0:
            top.set_ylabel("spectrum at the net")
            bottom.set_ylabel("evidence")

    def _draw_spectrograms(self, i, top, bottom):
        """Draw the spectrogram of sample i, its evidence and its band."""
        found = self.result
        picture = self.spectra[i]
        if picture.ndim == 3:
            picture = picture.mean(axis=0)
        where = found.freqs, found.times
        self.spectra_.append(draw_spectrogram(top, picture, *where))
        # One color scale for all samples, with white for no evidence.
        limit = np.abs(found.maps).max() or 1.0
        mesh = draw_spectrogram(
            bottom, found.maps[i], *where, cmap=EVIDENCE_MAP, vmin=-limit, vmax=limit
        )
        self.evidence_.append(mesh)
        self.bands_.append(
            [
                ax.axhspan(low, high, facecolor="none", edgecolor="black", ls="--")
                for low, high in self._limits(i)
                for ax in (top, bottom)
            ]
        )
        bottom.set_xlabel("time (s)")
        if i == 0:
            for ax in (top, bottom):
                set_frequency_axis(ax.yaxis, found.unit)
        if i == len(found.maps) - 1:
            figure = top.figure
            figure.colorbar(self.spectra_[-1], ax=top, label="spectrum at the net")
            figure.colorbar(mesh, ax=bottom, label="evidence")

    def _limits(self, i):
        """Return pairs of ends of the band of a sample: two pairs if the band wraps."""
        if self.places is None or np.isnan(self.places.low[i]):
            return []
        low, high = self.places.low[i], self.places.high[i]
        # A band over the whole axis ends where it starts.
        if np.isclose(high - low, self.places.bandwidth[i], atol=0):
            return [(low, high)]
        return [(low, self.result.freqs[-1]), (self.result.freqs[0], high)]


def _read_samples(samples, n_samples):
    """Return indices of rows as an array."""
    if samples is None:
        return np.arange(min(3, n_samples))
    rows = np.atleast_1d(samples)
    is_valid = rows.ndim == 1 and len(rows) and rows.dtype.kind in "iu"
    if not (is_valid and (rows >= -n_samples).all() and (rows < n_samples).all()):
        raise ValueError(
            f"samples must be indices of the {n_samples} rows of X, in a list. Got "
            f"{samples!r}."
        )
    return rows % n_samples

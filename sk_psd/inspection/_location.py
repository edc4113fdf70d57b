"""The place of the shape that a net recognized, in Hz."""

import numpy as np

from sk_psd._numbers import as_float
from sk_psd._result import Result
from sk_psd.inspection._activation import map_evidence
from sk_psd.inspection._net_input import follow_to_net

__all__ = ["locate"]

_NAMES = ("center_freq", "bandwidth", "low", "high")


def locate(estimator, X, *, target=None, threshold=0.25):
    """Return the center frequency and the bandwidth of the recognized shape.

    The band consists of the bins around the maximum of the evidence for the class, see
    :func:`activation_map`. It ends where the evidence falls to `threshold` times the
    maximum.

    Parameters
    ----------
    estimator : estimator object
        Fitted net classifier, or a Pipeline, search or vote with one.

    X : array-like of shape (n_samples, ..., n_features)
        Input of the estimator: spectra, spectrograms or raw signals.

    target : label or array-like of shape (n_samples,), default=None
        Class to locate: one for all samples or one for each. None is the predicted
        class of each sample, with `n_rolls` above 1 that of the first roll. If the net
        was trained on an indicator matrix, None locates all predicted classes, and a
        label is the number of a column.

    threshold : float, default=0.25
        Smallest evidence in the band, as a part of the largest. Between 0 and 1.

    Returns
    -------
    result : Bunch
        For each sample `center_freq`, `bandwidth`, and the limits of the band, `low`
        and `high`, in the `unit`: "Hz", or "bins" if neither the steps nor X have
        frequencies. On a circular axis `low` is above `high` if the band crosses the
        end. All four are NaN where no bin speaks for the class. `predictions` and
        `targets` are the predicted and the located labels. `threshold` is the
        parameter. For an indicator matrix and ``target=None`` the arrays have the shape
        (n_samples, n_classes), with NaN for the classes that are not predicted.

    Raises
    ------
    ValueError
        As in :func:`activation_map`, or if `threshold` is not between 0 and 1.

    See Also
    --------
    activation_map : The evidence at each frequency.

    Notes
    -----
    For spectrograms the evidence is averaged over time first. A narrow receptive field
    gives sharp limits. On 800 made signals with bands of 128
    bins, and a receptive field of 100 bins, the median error of the center was 6 to 8
    bins and that of the bandwidth 14 to 18 bins (``benchmarks/localization.py``, two
    seeds).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.inspection import locate
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), [0] * 10 + [1] * 10
    >>> model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> place = locate(model, np.roll(X, 10, axis=1))
    >>> place.unit
    'bins'
    """
    try:
        part = as_float(threshold)
    except (TypeError, OverflowError):
        part = np.nan
    if not 0 < part < 1:
        raise ValueError(f"threshold must be between 0 and 1. Got {threshold!r}.")
    arrived = follow_to_net(estimator, X)
    net = arrived.net
    if target is None and net._is_multilabel:
        columns = [_locate(arrived, label, part) for label in net.classes_]
        place = Result(unit=columns[0].unit, predictions=columns[0].predictions)
        absent = place.predictions == 0
        for name in _NAMES:
            values = np.stack([column[name] for column in columns], axis=1)
            place[name] = np.where(absent, np.nan, values)
        place.targets = np.tile(net.classes_, (len(absent), 1))
    else:
        place = _locate(arrived, target, part)
    return Result(**place, threshold=part)


def _locate(arrived, target, part):
    """Return the band of one class in each sample of a NetInput."""
    found = map_evidence(arrived, target)
    wraps = arrived.net.module_.wraps
    maps = found.maps if found.maps.ndim == 2 else found.maps.mean(axis=2)
    bands = np.array([_find_band(row, part, wraps) for row in maps])
    values = _in_units(bands, found.freqs, wraps)
    return Result(
        **dict(zip(_NAMES, values, strict=True)),
        unit=found.unit,
        predictions=found.predictions,
        targets=found.targets,
    )


def _find_band(evidence, part, wraps):
    """Return the first bin and the number of bins of the band around the maximum."""
    n_bins = len(evidence)
    top = int(evidence.argmax())
    if not evidence[top] > 0:
        return np.nan, np.nan
    if wraps:
        evidence = np.roll(evidence, n_bins // 2 - top)
    peak = n_bins // 2 if wraps else top
    outside = np.flatnonzero(evidence <= part * evidence[peak])
    before, after = outside[outside < peak], outside[outside > peak]
    first = before[-1] + 1 if len(before) else 0
    last = after[0] - 1 if len(after) else n_bins - 1
    start = (first + top - peak) % n_bins if wraps else first
    return start, last - first + 1


def _in_units(bands, freqs, wraps):
    """Return the center, the width, the low and the high end of bands of bins."""
    start, count = bands.T
    n_bins = len(freqs)
    # The edges of the bins lie halfway between their frequencies.
    inner = (freqs[1:] + freqs[:-1]) / 2
    steps = np.diff(freqs) if n_bins > 1 else np.ones(1)
    edges = np.concatenate(
        [[freqs[0] - steps[0] / 2], inner, [freqs[-1] + steps[-1] / 2]]
    )
    span = edges[-1] - edges[0]

    def at(position):
        """Interpolate the edges. A circular axis continues beyond its end."""
        turns = np.floor(position / n_bins) if wraps else 0
        inside = position - turns * n_bins
        return np.interp(inside, np.arange(n_bins + 1), edges) + turns * span

    low, middle, high = at(start), at(start + count / 2), at(start + count)
    bandwidth = high - low
    if wraps:
        middle = np.where(middle >= edges[-1], middle - span, middle)
        high = np.where(high > edges[-1], high - span, high)
    return middle, bandwidth, low, high

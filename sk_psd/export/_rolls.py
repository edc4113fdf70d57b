"""The canonical position of spectra, in an ONNX graph."""

import numpy as np

from sk_psd._shift import canonical_width
from sk_psd.export._graph import Value, concatenate, where

__all__ = ["canonical_roll"]


def canonical_roll(x):
    """Roll each spectrum to the position that :class:`sk_psd.PeakAlign` gives it.

    The additions and comparisons are those of `sk_psd._shift.canonical_roll`, in the
    same order. For the same bits in, the same position comes out, also where positions
    tie.

    Parameters
    ----------
    x : Value of shape (n_freqs,) or (n_channels, n_freqs)

    Returns
    -------
    rolled : Value
    """
    n = x.shape[-1]
    channels = [x]
    if len(x.shape) == 2:
        channels = [x.pick(c, axis=-2) for c in range(x.shape[0])]
    width = canonical_width(n)
    score = _sum_ahead(sum(channels[1:], channels[0]), width)
    best = score.equals(score.reduce("Max"))
    best = _choose_origin(_keep_one_of_equal_bins(best, channels), channels)
    origin = best.cast(np.int32).argmax()  # (1,)
    places = (origin + (np.arange(n) - n // 2 + width // 2)) % n  # (n,)
    return _gather(x, places)


def _sum_ahead(x, width):
    """Sum each bin and those that follow on the circle, `width` (a power of 2) in all.

    Sums of pairs, of pairs of pairs, ... as in `sk_psd._shift`.
    """
    n = x.shape[-1] + width - 1
    sums = concatenate([x, x.cut(0, width - 1)]) if width > 1 else x
    step = 1
    while step < width:
        n -= step
        sums = sums.cut(0, n) + sums.cut(step, n + step)
        step *= 2
    return sums


def _keep_one_of_equal_bins(best, channels):
    """Keep the first position only where all bins of a spectrum are equal."""
    is_not_flat = None
    for x in channels:
        differs = x.reduce("Max").exceeds(x.reduce("Min"))
        is_not_flat = differs if is_not_flat is None else is_not_flat | differs
    is_first = np.arange(best.shape[-1]) == 0
    return best & (is_not_flat | is_first)


def _choose_origin(best, channels):
    """Keep, among tied positions, those whose following values are largest.

    Nothing is computed where no positions tie. Spectra that consist of equal parts keep
    several positions, which give the same spectrum.
    """
    n = best.shape[-1]
    twice = [concatenate([x, x]) for x in channels]  # to be sliced at each position

    def compare(mask, number):
        for x in twice:
            following = _window(x.within(mask.graph), number, n)
            of_tied = where(mask, following, -np.inf)
            mask = mask & following.equals(of_tied.reduce("Max"))
        return mask

    return best.graph.loop(n, best, compare)


def _window(x, start, length):
    """Return `length` values from a place on that is known in the graph only."""
    graph = x.graph
    one = graph.constant(np.array([1]))
    first = graph.add("Reshape", start.name, one)
    stop = graph.add("Add", first, graph.constant(np.array([length])))
    last_axis = graph.constant(np.array([-1]))
    name = graph.add("Slice", x.name, first, stop, last_axis)
    return Value(graph, name, x.dtype, (*x.shape[:-1], length))


def _gather(x, places):
    """Return the values of each row of x at its own places along the last axis."""
    graph = x.graph
    if len(x.shape) == 2:
        n_channels = x.shape[0]
        shape = graph.constant(np.array([1, n_channels, 1]))
        places = places.reshape(1, places.shape[-1])
        name = graph.add("Expand", places.name, shape)
    else:
        name = places.name
    name = graph.add("GatherElements", x.name, name, axis=-1)
    return Value(graph, name, x.dtype, x.shape)

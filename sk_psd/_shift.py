"""Move spectra along an axis: shifts, rolls and a canonical position."""

import math

import torch

__all__ = [
    "canonical_roll",
    "canonical_shift",
    "canonical_width",
    "noise_bins",
    "random_shift",
    "shift_bins",
]

# Values in one part of the data, where their noise is looked for.
_PART_VALUES = 2**17

# On a CPU spectra are shifted one by one if they have at least _LONG_AXIS bins, or if
# there are at most _FEW_ROWS of them.
_LONG_AXIS = 2048
_FEW_ROWS = 16

# Number of bins to compare one by one where positions tie, before all bins are ranked.
_N_STEPS = 8


def shift_bins(x, shift, *, mode="wrap", noise=None, start=None, reach=None):
    """Shift each spectrum by its own whole number of bins.

    Parameters
    ----------
    x : Tensor of shape (N, F) or (N, C, F)
        Spectra; all channels of a sample move together.

    shift : int64 Tensor of shape (N,)
        Bins to move to the right (negative: to the left).

    mode : {"wrap", "edge", "floor"}, default="wrap"
        Values that enter at the vacated end: those that left at the other end, the
        value of the last bin, or values of `noise`.

    noise : Tensor of shape (N, H) or (N, C, H), default=None
        Values of the floor, from :func:`noise_bins`. Needed by "floor" only.

    start : int64 Tensor of shape (N,), default=None
        Where in `noise` the filling starts, below H. Needed by "floor" only.

    reach : int, default=None
        No shift is larger than this; None is F. A smaller one makes "edge" and
        "floor" faster.

    Returns
    -------
    y : Tensor like `x`
    """
    reach = x.shape[-1] if reach is None else reach
    is_long = x.shape[-1] >= _LONG_AXIS or len(x) <= _FEW_ROWS
    if is_long and x.device.type == "cpu":
        return _shift_each(x, shift, mode, noise, start, reach)
    return _shift_all(x, shift, mode, noise, start, reach)


def _shift_each(x, shift, mode, noise, start, reach):
    """Shift one spectrum after the other, without a longer copy of all spectra."""
    n_freqs = x.shape[-1]
    y = torch.empty(x.shape, dtype=x.dtype, device="cpu")
    starts = [0] * len(x) if start is None else start.tolist()
    # As arrays, which are sliced in a fraction of the time of Tensors.
    sources, targets = x.numpy(), y.numpy()
    fillings = sources if noise is None else noise.numpy()
    for source, target, filling, first, step in zip(
        sources, targets, fillings, starts, shift.tolist(), strict=True
    ):
        step = step % n_freqs if mode == "wrap" else step
        low, high = max(step, 0), min(n_freqs + step, n_freqs)
        target[..., low:high] = source[..., low - step : high - step]
        gap = target[..., :low] if step > 0 else target[..., high:]
        if mode == "wrap":
            gap[...] = source[..., high - low :]
        elif mode == "edge":
            gap[...] = source[..., :1] if step > 0 else source[..., -1:]
        else:
            _fill_in_turn(gap, filling, first + (reach - step if step > 0 else 0))
    return y


def _fill_in_turn(gap, values, first):
    """Fill a gap with values from index `first` on, repeated periodically."""
    period, n_bins = values.shape[-1], gap.shape[-1]
    begin, done = first % period, 0
    while done < n_bins:
        part = values[..., begin : begin + n_bins - done]
        gap[..., done : done + part.shape[-1]] = part
        begin, done = 0, done + part.shape[-1]


def _shift_all(x, shift, mode, noise, start, reach):
    """Shift all spectra at once, as windows of a longer copy."""
    n_freqs = x.shape[-1]
    if mode == "wrap":
        return _window(torch.cat([x, x], -1), -shift % n_freqs, n_freqs)
    if mode == "edge":
        size = *x.shape[:-1], reach
        left, right = x[..., :1].expand(size), x[..., -1:].expand(size)
    else:
        period = noise.shape[-1]
        times = 1 + -(-reach // period)
        left = right = _window(torch.cat([noise] * times, -1), start, reach)
    return _window(torch.cat([left, x, right], -1), reach - shift, n_freqs)


def _window(x, start, length):
    """Cut `length` bins out of each row, from its own start.

    Through a view of all windows: copies whole runs where a gather would look up every
    bin, which is 3 to 10 times slower.
    """
    rows = torch.arange(len(x), device=x.device)
    return x.unfold(-1, length, 1)[rows, ..., start, :]


def noise_bins(x, axis=-1):
    """Return the weaker half of the bins of each spectrum, in order of frequency.

    Where an emission covers less than half of the axis these bins are noise, with the
    correlation between neighbors that the window gives them.

    Parameters
    ----------
    x : Tensor or StandardizedRows of shape (N, ..., F)
        Or with the frequencies along `axis`.

    axis : int, default=-1
        The frequency axis, not the first one.

    Returns
    -------
    noise : Tensor of shape (N, ..., H)
        With H = max(1, F // 2), and the frequencies along the last axis.
    """
    sizes = list(x.shape)
    n_freqs = sizes.pop(axis)
    half = max(1, n_freqs // 2)
    noise = torch.empty(*sizes, half, dtype=x.dtype, device=x.device)
    # In parts, so that the memory beside the result stays small.
    n_rows = max(1, _PART_VALUES // math.prod(x.shape[1:]))
    for first in range(0, len(x), n_rows):
        rows = slice(first, first + n_rows)
        part = x[rows].movedim(axis, -1)
        weaker = part <= part.kthvalue(half, -1, keepdim=True).values
        weaker &= weaker.cumsum(-1) <= half  # where several bins tie at the limit
        noise[rows] = part[weaker].view(noise[rows].shape)
    return noise


def random_shift(x, max_bins, *, mode="wrap", axis=-1, noise=None, generator=None):
    """Shift each spectrum by a whole number of bins drawn from +-`max_bins`.

    Parameters
    ----------
    x : Tensor of shape (N, ..., F)
        Spectra or spectrograms; all of a sample moves together.

    max_bins : int
        Without a shift, for 0, no random number is drawn.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        As in :func:`shift_bins`.

    axis : int, default=-1
        The axis to move along.

    noise : Tensor of shape (N, ..., H), default=None
        From :func:`noise_bins`; computed here if needed and not given.

    generator : torch.Generator on the CPU, default=None
        Source of the random numbers, so that every device sees the same ones.

    Returns
    -------
    y : Tensor like `x`
    """
    if not max_bins:
        return x
    if x.ndim > 3 or axis % x.ndim < x.ndim - 1:
        moved = x.movedim(axis, -1)
        flat = moved.reshape(len(x), -1, moved.shape[-1])
        noise = None if noise is None else noise.reshape(len(x), -1, noise.shape[-1])
        y = random_shift(flat, max_bins, mode=mode, noise=noise, generator=generator)
        return y.view(moved.shape).movedim(-1, axis)

    def draw(low, high):
        size = (x.shape[0],)
        drawn = torch.randint(low, high, size, generator=generator, device="cpu")
        return drawn.to(x.device)

    shift = draw(-max_bins, max_bins + 1)
    if mode != "floor":
        return shift_bins(x, shift, mode=mode, reach=max_bins)
    noise = noise_bins(x) if noise is None else noise
    start = draw(0, noise.shape[-1])
    return shift_bins(x, shift, mode=mode, noise=noise, start=start, reach=max_bins)


def canonical_roll(x):
    """Roll each spectrum so that its strongest neighborhood lies at bin ``F // 2``.

    All circular shifts of a spectrum give bit-identical results.

    Parameters
    ----------
    x : Tensor of shape (N, F) or (N, C, F)
        Spectra; all channels of a sample move together.

    Returns
    -------
    y : Tensor like `x`
    """
    return shift_bins(x, canonical_shift(x))


def canonical_shift(x):
    """Return the number of bins by which `canonical_roll` moves each spectrum.

    The canonical position is that of the largest sum over a 64th of the axis. All sums
    add in the same order. Where several positions tie, the position is chosen whose
    following values are largest in lexicographic order.

    Parameters
    ----------
    x : Tensor of shape (N, F) or (N, C, F)
        Spectra; all channels of a sample move together.

    Returns
    -------
    shift : int64 Tensor of shape (N,)
        Bins to move to the right (negative: to the left).
    """
    n_freqs = x.shape[-1]
    width = canonical_width(n_freqs)
    score = _sum_ahead(x if x.ndim == 2 else _sum_channels(x), width)
    top = score.amax(-1, keepdim=True)
    if top.isnan().any():  # of sums beyond the largest number, with both signs
        score = score.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
        top = score.amax(-1, keepdim=True)
    best = score == top
    _keep_one_of_equal_bins(best, x)
    row, origin = best.nonzero().T  # several times faster than argmax
    if len(row) > len(x):
        origin = _choose_origin(x, row, origin)
    return n_freqs // 2 - width // 2 - origin


def canonical_width(n_freqs):
    """Return the width of the largest sum, in bins: a power of 2, at most a 64th.

    Parameters
    ----------
    n_freqs : int

    Returns
    -------
    width : int
    """
    width = 1
    while width * 2 <= n_freqs // 64:
        width *= 2
    return width


def _keep_one_of_equal_bins(best, x):
    """Keep the first position only where all bins of a spectrum are equal.

    Parameters
    ----------
    best : bool Tensor of shape (N, F)
        The positions that tie. Changed in place.

    x : Tensor of shape (N, F) or (N, C, F)
    """
    # Test a few positions first, which rules out nearly all spectra.
    rows = best[:, :: max(1, best.shape[-1] // 8)].all(-1).nonzero().squeeze(-1)
    if not len(rows):
        return
    x = x if len(rows) == len(x) else x[rows]
    is_flat = (x.amin(-1) == x.amax(-1)).view(len(rows), -1).all(-1)
    best[rows[is_flat]] = torch.arange(best.shape[-1], device=best.device) == 0


def _choose_origin(x, row, origin):
    """Choose the position whose following values are largest, among tied positions.

    Parameters
    ----------
    x : Tensor of shape (N, F) or (N, C, F)

    row, origin : int64 Tensor of shape (n_positions,)
        Spectrum and bin of each tied position, in ascending order. Each spectrum has at
        least one.

    Returns
    -------
    origin : int64 Tensor of shape (N,)
    """
    n_freqs = x.shape[-1]
    channels = x[:, None] if x.ndim == 2 else x
    for step in range(_N_STEPS):
        for c in range(channels.shape[1]):
            value = channels[row, c, (origin + step) % n_freqs]
            top = value.new_full((len(x),), -torch.inf)
            top = top.scatter_reduce(0, row, value, "amax")
            is_top = value == top[row]
            row, origin = row[is_top], origin[is_top]
        if len(row) == len(x):
            return origin
    best = torch.zeros(len(x), n_freqs, dtype=torch.bool, device=x.device)
    best[row, origin] = True
    tied = best.sum(-1) > 1
    rank = torch.zeros_like(best, dtype=torch.int64)
    rank[tied] = _rank_rotations(x[tied])
    return rank.masked_fill(~best, -1).argmax(-1)


def _sum_channels(x):
    """Sum the channels one after the other, in the same order at every position.

    torch's own sum takes another order for the last positions of an axis.
    """
    total = x[:, 0]
    for channel in range(1, x.shape[1]):
        total = total + x[:, channel]
    return total


def _sum_ahead(x, width):
    """Sum each bin and those that follow on the circle, `width` (a power of 2) in all.

    Sums of pairs, of pairs of pairs, ... so that every position runs the same additions
    and the sums of a rolled spectrum are those of the spectrum, rolled, to the last
    bit. Between two buffers, as fresh memory would cost more than the additions.
    """
    n = x.shape[-1] + width - 1
    sums = torch.cat([x, x[:, : width - 1]], -1)
    other = torch.empty_like(sums)
    step = 1
    while step < width:
        n -= step
        torch.add(sums[:, :n], sums[:, step : n + step], out=other[:, :n])
        sums, other = other, sums
        step *= 2
    return sums[:, :n]


def _rank_rotations(x):
    """Rank of each rotation of each spectrum; equal only if the rotations are equal.

    Prefix doubling: ranks of windows of 1, 2, 4, ... bins until they cover the axis.
    """
    n_freqs = x.shape[-1]
    channels = x[:, None] if x.ndim == 2 else x
    rank = torch.zeros_like(channels[:, 0], dtype=torch.int64)
    for c in range(channels.shape[1]):
        rank = _dense_rank(rank * n_freqs + _dense_rank(channels[:, c]))
    width, found = 1, -1
    while width < n_freqs:
        before, found = found, int(rank.amax(-1).sum())
        if found == before:  # the spectra are periodic: longer windows tie as well
            break
        rank = _dense_rank(rank * n_freqs + rank.roll(-width, -1))
        width *= 2
    return rank


def _dense_rank(key):
    """0 for the smallest value of each row, 1 for the next larger one, ..."""
    value, order = key.sort(-1)
    rank = torch.zeros_like(order)
    rank[:, 1:] = (value[:, 1:] != value[:, :-1]).cumsum(-1)
    return torch.empty_like(rank).scatter_(-1, order, rank)

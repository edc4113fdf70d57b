"""Colors, line styles, labels and axes that all displays share."""

import itertools
from collections.abc import Mapping
from functools import partial

import numpy as np

from sk_psd._extras import import_extra
from sk_psd._numbers import as_int

__all__ = [
    "AGAINST",
    "EVIDENCE_MAP",
    "FOR",
    "GUIDE",
    "check_axes",
    "check_dict",
    "check_not_empty",
    "fill_evidence",
    "line_styles",
    "make_axes",
    "mark_chance",
    "name_lines",
    "name_prediction",
    "set_frequency_axis",
]

# The colors of Okabe and Ito, which are safe for color-blind readers. Yellow is left
# out, as it is too light for lines.
_COLORS = "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9 #000000".split()
_DASHES = "-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 3))

# Evidence for a class is blue, evidence against it is orange.
FOR, AGAINST, EVIDENCE_MAP = _COLORS[0], _COLORS[1], "RdBu"
# Color of reference lines: zero, chance.
GUIDE = "0.45"


def line_styles(n_lines):
    """Return a color and a line style for each line, as the displays use them.

    Successive lines differ in color and in style, so they can be told apart in
    grayscale, too.

    Parameters
    ----------
    n_lines : int
        Number of lines, at least 1.

    Returns
    -------
    styles : list of dict
        For each line `color` and `linestyle`, to pass to
        :meth:`matplotlib.axes.Axes.plot`. The pairs repeat after 42 lines.

    Raises
    ------
    ValueError
        If `n_lines` is not an int of at least 1.

    References
    ----------
    .. [1] Okabe, M., Ito, K. (2008). "Color universal design (CUD): how to make figures
       and presentations that are friendly to colorblind people".

    Examples
    --------
    >>> from sk_psd.plotting import line_styles
    >>> line_styles(2)
    [{'color': '#0072B2', 'linestyle': '-'}, {'color': '#D55E00', 'linestyle': '--'}]
    """
    try:
        number = as_int(n_lines)
    except (TypeError, ValueError, OverflowError):
        number = 0
    if number < 1:
        raise ValueError(f"n_lines must be an int of at least 1. Got {n_lines!r}.")
    pairs = zip(itertools.cycle(_COLORS), itertools.cycle(_DASHES), strict=False)
    return [
        dict(color=color, linestyle=dashes)
        for color, dashes in itertools.islice(pairs, number)
    ]


def check_not_empty(name, values):
    """Raise an error if there is nothing to draw.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.

    values : array-like or dict
    """
    if not len(values):
        raise ValueError(f"{name} must have at least one entry. Got {values!r}.")


def check_dict(name, keys, values):
    """Raise an error if a parameter is no dict with entries.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.

    keys : str
        Meaning of the keys, for the message.

    values : dict
    """
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{name} must be a dict whose keys are {keys}. Got a "
            f"{type(values).__name__}."
        )
    check_not_empty(name, values)


def make_axes(ax, **options):
    """Return the axes to draw in: the given ones, or those of a new figure if None.

    Parameters
    ----------
    ax : matplotlib Axes or None

    **options : dict
        Passed to :func:`matplotlib.pyplot.subplots`.

    Returns
    -------
    ax : matplotlib Axes
    """
    plt = import_extra("matplotlib.pyplot", "plot", "A display")

    if ax is None:
        _, ax = plt.subplots(layout="constrained", **options)
    return ax


def check_axes(axes, shape, contents, **options):
    """Return a grid of axes: the given ones, or those of a new figure if None.

    Parameters
    ----------
    axes : array-like of matplotlib Axes, or None

    shape : (int, int)
        Rows and columns that are needed.

    contents : str
        Content of the axes, for the message.

    **options : dict
        Passed to :func:`matplotlib.pyplot.subplots`.

    Returns
    -------
    axes : ndarray of matplotlib Axes of this shape

    Raises
    ------
    ValueError
        If the number of axes does not match `shape`.
    """
    plt = import_extra("matplotlib.pyplot", "plot", "A display")

    if axes is None:
        options.setdefault("layout", "constrained")
        _, axes = plt.subplots(*shape, squeeze=False, **options)
    axes = np.asarray(axes, dtype=object)
    n_rows, n_columns = shape
    if axes.size != n_rows * n_columns:
        raise ValueError(
            f"axes must be {n_rows * n_columns} matplotlib Axes, {n_rows} x "
            f"{n_columns}, for {contents}. Got {axes.size}."
        )
    return axes.reshape(shape)


def name_prediction(prediction):
    """Return the text for a predicted label, or for a row of indicators.

    Parameters
    ----------
    prediction : label or ndarray of shape (n_classes,)

    Returns
    -------
    text : str
        The label, or the numbers of the columns with a 1.
    """
    if np.ndim(prediction) == 0:
        return str(prediction)
    return ", ".join(map(str, np.flatnonzero(prediction))) or "nothing"


def set_frequency_axis(axis, unit):
    """Label an axis as frequency, with a few ticks such as 0.5, 200 and "-400 k".

    Parameters
    ----------
    axis : matplotlib XAxis or YAxis

    unit : str
        "Hz" or "bins".
    """
    from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

    axis.set_label_text(f"frequency ({unit})")
    axis.set_major_locator(MaxNLocator(5, integer=unit == "bins"))
    # A function of the module, as figures are pickled.
    axis.set_major_formatter(FuncFormatter(partial(_write_tick, EngFormatter())))


def _write_tick(with_prefix, value, _):
    """Return the text of a tick, without prefixes such as "m" for 1 Hz and below."""
    return with_prefix(value) if abs(value) >= 1000 else f"{value:g}"


def mark_chance(ax, chance):
    """Draw a line at the score of a constant guess.

    Parameters
    ----------
    ax : matplotlib Axes

    chance : float or None
        None: no line.

    Returns
    -------
    line : matplotlib Line2D or None
    """
    if chance is None:
        return None
    return ax.axhline(
        chance, color=GUIDE, linewidth=1, linestyle=(0, (1, 2)), label="chance"
    )


def name_lines(ax, lines, at_ends):
    """Write the labels of lines at their right ends, or in a legend.

    Parameters
    ----------
    ax : matplotlib Axes

    lines : list of matplotlib Line2D or None

    at_ends : bool
        True to write at the right ends, for axes with room at their right. False for a
        legend.

    Returns
    -------
    texts : list of matplotlib Text
        The labels at the ends.
    """
    if at_ends:
        return label_lines(ax, [line for line in lines if line is not None])
    # There may be no legend to draw: matplotlib hides labels that start with "_".
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return []


def label_lines(ax, lines):
    """Write the labels of lines at their right ends, outside of the axes.

    Parameters
    ----------
    ax : matplotlib Axes

    lines : list of matplotlib Line2D

    Returns
    -------
    texts : list of matplotlib Text
        Lines whose label starts with "_" have no text, as in a legend of matplotlib.
    """
    lines = [line for line in lines if not line.get_label().startswith("_")]
    if not lines:
        return []
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = [to_axes.transform((0, line.get_ydata()[-1]))[1] for line in lines]
    order = np.argsort(ends, kind="stable")
    # A line of text is 16 points high.
    height = ax.get_position().height * ax.figure.bbox.height
    step = 16 * ax.figure.dpi / 72 / height
    places = np.clip(np.array(ends)[order], 0, 1)
    for _ in range(100):
        overlap = step - np.diff(places)
        if not (overlap > 1e-3).any():
            break
        for i in np.flatnonzero(overlap > 1e-3):
            places[i] -= overlap[i] / 2
            places[i + 1] += overlap[i] / 2
    texts = []
    for i, place in zip(order, places, strict=True):
        text = ax.annotate(
            lines[i].get_label(),
            (1, ends[i]),
            (1.04, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=lines[i].get_color(),
            verticalalignment="center",
            annotation_clip=False,
            arrowprops=dict(
                arrowstyle="-",
                color=lines[i].get_color(),
                linewidth=0.6,
                shrinkB=0,
                relpos=(0, 0.5),  # to the left end of the text
            ),
        )
        texts.append(text)
    return texts


def fill_evidence(ax, x, values):
    """Draw evidence as a line, and fill the area between the line and zero.

    Parameters
    ----------
    ax : matplotlib Axes

    x, values : ndarray of shape (n_points,)

    Returns
    -------
    line : matplotlib Line2D
        The line, whose data are `x` and `values`.
    """
    (line,) = ax.plot(x, values, color="black", linewidth=0.6)
    for part, color, hatch in [
        (np.maximum(values, 0), FOR, None),
        (np.minimum(values, 0), AGAINST, "////"),
    ]:
        ax.fill_between(
            x, 0, part, facecolor=color, hatch=hatch, edgecolor="white", linewidth=0
        )
    ax.axhline(0, color=GUIDE, linewidth=0.8)
    return line

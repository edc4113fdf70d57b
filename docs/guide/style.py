"""The size, the font and the colors of the pictures of the guide."""

from sk_psd.plotting import line_styles

BLUE, VERMILION, GREEN, PINK, AMBER, SKY, BLACK = (
    style["color"] for style in line_styles(7)
)
GRAY, PALE = "0.45", "0.92"


def make_figure(n_rows, n_columns, title, height, **options):
    """Return a figure that can be read on a phone, and its axes in a 2-D array."""
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "font.size": 11,
            "axes.titlesize": 11,
            "axes.labelsize": 11,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
        }
    )
    figure, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(5.4, height),
        layout="constrained",
        squeeze=False,
        **options,
    )
    figure.suptitle(title, fontsize=12, fontweight="bold")
    return figure, axes


def name_panel(ax, text, **options):
    """Write the name of a panel above its left end."""
    ax.set_title(text, loc="left", fontsize=10.5, **options)

"""Pictures of what a shift does to maps, to weights and to the accuracy."""

import numpy as np

from guide.nets import make_data, train_flat, train_pooled
from guide.style import BLUE, GRAY, GREEN, PALE, SKY, VERMILION, make_figure, name_panel


def find_sample(label="rect"):
    """Return the index of a clear test signal that both nets recognize."""
    data, steps = make_data()
    X, y = data.test["centered"]
    right = [model.predict(X) == y for model in (train_flat(), train_pooled())]
    rows = np.flatnonzero(np.all(right, axis=0) & (y == label))
    return int(rows[steps.transform(X[rows]).mean(axis=1).argmin()])


def look_inside(model, shift=0.2):
    """Return the values in a net for one signal, not moved and moved."""
    import matplotlib.pyplot as plt

    from sk_psd import FeatureMapDisplay

    X, _ = make_data()[0].test["centered"]
    display = FeatureMapDisplay.from_estimator(
        model, X, sample=find_sample(), shifts=[0, shift]
    )
    plt.close(display.figure_)
    return display


def fill(ax, x, values):
    """Fill the area between values and zero: blue above, vermilion hatched below."""
    ax.fill_between(x, 0, np.maximum(values, 0), color=BLUE, linewidth=0)
    ax.fill_between(
        x,
        0,
        np.minimum(values, 0),
        facecolor=VERMILION,
        hatch="////",
        edgecolor="white",
        linewidth=0,
    )
    ax.axhline(0, color=GRAY, linewidth=0.8)


def draw_steps(model, title, map_name, weight_name):
    """Draw spectrum, map, weights and evidence of one signal at two places."""
    display = look_inside(model)
    figure, axes = make_figure(4, 2, title, 6.2, sharex=True, sharey="row")
    for column, name, part in zip(
        axes.T, ["where it was trained", "moved"], display.columns, strict=True
    ):
        spectrum, answer, weights, evidence = column
        spectrum.plot(part.freqs, part.spectrum[0], color="black", linewidth=1)
        answer.fill_between(part.places, part.map, color=SKY, linewidth=0)
        fill(weights, part.places, part.weights)
        fill(evidence, part.places, part.evidence)
        spectrum.set_title(name, fontweight="bold")
        is_right = part.prediction == display.target
        name_panel(
            evidence,
            f"{part.evidence.sum():+.1f}: says {part.prediction}",
            color=BLUE if is_right else VERMILION,
            fontweight="bold",
        )
        for ax in column:
            ax.set(xlim=(-0.5, 0.5), xticks=[-0.4, 0, 0.4], yticks=[0])
        column[-1].set_xlabel("frequency / fs")
    for ax, name in zip(
        axes[:, 0], ["spectrum", map_name, weight_name, "evidence"], strict=True
    ):
        ax.set_ylabel(name)
    return figure


def draw_linear_layer():
    """Draw the net of the question, which loses the signal in its linear layer."""
    return draw_steps(
        train_flat(),
        "The map moves along. The weights stay.",
        "map",
        "weights",
    )


def draw_global_pool():
    """Draw the net with a global pool, whose weights follow the maximum."""
    return draw_steps(
        train_pooled(),
        "A global pool keeps values, not positions.",
        "rectified\nmap",
        "weights",
    )


def draw_weights():
    """Draw the weights of a linear layer, which lie where it was trained."""
    from sk_psd.inspection import shift_rows

    model, steps, data = train_linear()
    freqs = steps[0].freqs_
    sample = steps.transform(data.test["centered"][0][[find_sample()]])
    title = "A linear layer looks where it was trained."
    figure, axes = make_figure(3, 1, title, 5.2, sharex=True)
    trained, weights, moved = axes[:, 0]
    trained.plot(freqs, sample[0], color="black", linewidth=1)
    name_panel(trained, "a training signal")
    strength = np.linalg.norm(model.coef_, axis=0)
    weights.fill_between(freqs, strength, color=BLUE, linewidth=0)
    name_panel(weights, "size of the weights of each bin")
    moved.plot(freqs, shift_rows(model, sample, 0.25)[0], color="black", linewidth=1)
    name_panel(moved, "the same signal elsewhere: hardly a weight there")
    for ax in axes[:, 0]:
        ax.axvspan(-0.09, 0.09, color=PALE, zorder=-1)
        ax.set(xlim=(-0.5, 0.5), ylim=(0, None), yticks=[])
    moved.set_xlabel("frequency / fs")
    trained.text(0.1, 0.75, "the training signals lie here", color=GRAY)
    return figure


def train_linear():
    """Return a linear layer on spectra, the steps to spectra, and the data."""
    from sklearn.linear_model import LogisticRegression

    data, steps = make_data()
    model = LogisticRegression(max_iter=1000)
    return model.fit(steps.transform(data.X_train), data.y_train), steps, data


def draw_pools():
    """Draw the accuracy against the shift for max pools and for a global pool."""
    from sk_psd import shift_curve

    data, steps = make_data()
    X, y = data.test["centered"]
    spectra, shifts = steps.transform(X), range(0, 129, 8)
    title = "A max pool tolerates small shifts,\na global pool all of them."
    figure, axes = make_figure(1, 1, title, 3.9)
    ax = axes[0, 0]
    models = {
        "global pool": (train_pooled(), GREEN, "-", "o"),
        "max pool of 64": (train_flat(64), BLUE, "--", "s"),
        "max pool of 16": (train_flat(), VERMILION, "-.", "^"),
        "no pool": (train_flat(1, 1), GRAY, ":", "v"),
    }
    for name, (model, color, dashes, marker) in models.items():
        curve = shift_curve(model[-1], spectra, y, shifts=shifts)
        ax.plot(
            shifts,
            curve.scores,
            color=color,
            linestyle=dashes,
            marker=marker,
            markersize=5,
            label=name,
        )
    ax.axhline(0.25, color=GRAY, linewidth=0.8)
    ax.text(128, 0.18, "chance", color=GRAY, ha="right")
    ax.set(xlabel="shift of the spectrum (bins)", ylabel="accuracy", ylim=(0.1, 1.05))
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.62))
    return figure

"""The moving picture of the front page: two nets while the signal sweeps the axis.

The build of the documentation writes the page, a few seconds of training included.
``python docs/moving_picture.py`` writes the still picture
``docs/_static/moving_picture.png`` and prints its numbers.
"""

import json
import pathlib
import string

import numpy as np
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
)
from sk_psd.datasets import make_shift_benchmark
from sk_psd.inspection import shift_rows
from sk_psd.plotting._channel import ChannelView

HERE = pathlib.Path(__file__).parent
STILL = HERE / "_static" / "moving_picture.png"
TEMPLATE = HERE / "_templates" / "moving_picture.html"
PAGE = HERE / "_build" / "moving_picture.html"
FS = 1e6  # Hz
SHIFTS = np.arange(-40, 41) / 100  # parts of the axis
TITLES = {"flat": "Linear layer over positions", "pool": "Global pool"}
# Plain names for the labels of the data.
SHAPES = {
    "am": "AM",
    "fmsine": "comb of lines",
    "gmsk": "GMSK",
    "qpsk": "QPSK",
    "rect": "flat band",
    "tri": "triangle",
    "twohump": "two humps",
}
ROWS = {
    "map": {
        "flat": "Map after the max pool",
        "pool": "Rectified map",
    },
    "weights": {
        "flat": "Weights: fixed to positions",
        "pool": "Weights: they follow the maximum",
    },
    "evidence": {"flat": "Evidence, all channels", "pool": "Evidence, all channels"},
}


def train():
    """Return the two pipelines, the centered test signals and their labels."""
    data = make_shift_benchmark("standard8", n_train=600, n_test=200, n_freqs=512)
    psd = WelchPSD(
        FS, nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
    )
    nets = {
        "flat": FlattenCNNClassifier(max_epochs=15, random_state=0),
        # The pool alone, without the roll that removes what the strides leave.
        "pool": GlobalPoolCNNClassifier(
            invariance="approximate", max_epochs=25, random_state=0
        ),
    }
    models = {}
    for name, net in nets.items():
        models[name] = make_pipeline(psd, MinMaxScale(), net)
        models[name].fit(data.X_train, data.y_train)
    return models, *data.test["centered"]


def pick_sample(models, X, y):
    """Return the clearest flat band that both nets know at the center, of shape (1, n).

    This is the sample of examples/plot_why_it_fails.py.
    """
    right = np.all([model.predict(X) == y for model in models.values()], axis=0)
    rows = np.flatnonzero(right & (y == "rect"))
    levels = models["pool"][:-1].transform(X[rows]).mean(axis=1)
    return X[rows[[levels.argmin()]]]


def follow(models, x, shifts=SHIFTS):
    """Return for each net a Bunch of values for each shift, as FeatureMapDisplay draws.

    All are evidence for the class that the net predicts at the center, and the map is
    that of the channel with the most evidence there. `proba` is the probability of the
    predicted class.
    """
    views = {}
    for name, model in models.items():
        center = ChannelView(model, x)
        code = int(center.logits.argmax())
        maps, slopes = center.find_slopes(code)
        channel = int((maps * slopes).sum(axis=1).argmax())
        views[name] = []
        for shift in shifts:
            moved = shift_rows(model, x, float(shift)) if shift else x
            view = ChannelView(model, moved).look(code, channel)
            view.proba = model.predict_proba(moved)[0].max()
            views[name].append(view)
    return views


def write_page():
    """Write the moving picture for the front page."""
    models, X, y = train()
    views = follow(models, pick_sample(models, X, y))
    frames = {"shift": SHIFTS.tolist(), "nets": {}}
    frames["spectrum"] = [
        _to_ints(view.spectrum[0].reshape(-1, 2).max(axis=1), 0, 1.05)
        for view in views["flat"]
    ]
    for name, columns in views.items():
        net = frames["nets"][name] = {"places": [], "said": []}
        for column in columns:
            net["places"].append(_to_ints(column.places / FS, -0.5, 0.5))
            label = str(column.prediction)
            net["said"].append(
                [
                    SHAPES.get(label, label),
                    round(float(column.proba), 3),
                    round(float(column.evidence.sum()), 1),
                    label == str(columns[len(columns) // 2].prediction),
                ]
            )
        for row in ROWS:
            values = [getattr(column, row) for column in columns]
            low, high = min(map(np.min, values)), max(map(np.max, values))
            low = min(low, 0)
            net[row] = [_to_ints(v, low, high) for v in values]
            net[row + "_zero"] = int(_to_ints(np.zeros(1), low, high)[0])
    PAGE.parent.mkdir(exist_ok=True)
    template = string.Template(TEMPLATE.read_text())
    labels = {
        f"{name}_{row}": label
        for row, nets in ROWS.items()
        for name, label in nets.items()
    }
    PAGE.write_text(
        template.substitute(
            labels,
            flat_title=TITLES["flat"],
            pool_title=TITLES["pool"],
            frames=json.dumps(frames, separators=(",", ":")),
        )
    )


def _to_ints(values, low, high):
    """Return values as whole numbers, 0 at `low` and 1000 at `high`."""
    return np.rint(1000 * (values - low) / (high - low)).astype(int).tolist()


def draw_still():
    """Write the still picture: the sample at the center and moved, in both nets."""
    import matplotlib.pyplot as plt

    from sk_psd.plotting import line_styles

    models, X, y = train()
    views = follow(models, pick_sample(models, X, y), [0.0, 0.2])
    gray, (blue, orange) = "0.6", (style["color"] for style in line_styles(2))
    fig, axes = plt.subplots(4, 2, sharex=True, figsize=(9, 6.2), layout="constrained")
    fig.suptitle(
        "A flat band at the place of the training signals (gray), and moved (colored)"
    )
    for name, column in zip(views, axes.T, strict=True):
        trained, moved = views[name]
        color = blue if moved.prediction == trained.prediction else orange
        column[0].set_title(TITLES[name], fontweight="bold")
        column[0].set_title("Spectrum", loc="left", fontsize="small")
        column[0].plot(trained.freqs / 1e3, trained.spectrum[0], color=gray, lw=0.8)
        column[0].plot(moved.freqs / 1e3, moved.spectrum[0], color=color, lw=0.8)
        for ax, (row, titles) in zip(column[1:], ROWS.items(), strict=True):
            for view, paint, zorder in [(trained, gray, 1), (moved, color, 2)]:
                ax.fill_between(
                    view.places / 1e3,
                    getattr(view, row),
                    color=paint,
                    alpha=0.75,
                    lw=0,
                    zorder=zorder,
                )
            ax.axhline(0, color="0.45", lw=0.8)
            ax.set_title(titles[name], loc="left", fontsize="small")
        column[3].set_ylim(top=1.4 * column[3].get_ylim()[1])  # room for the texts
        for x, view, paint, align in [
            (0.01, trained, "0.35", "left"),
            (0.99, moved, color, "right"),
        ]:
            label = str(view.prediction)
            text = (
                f"evidence {view.evidence.sum():+.1f}\n"
                f"predicts {SHAPES.get(label, label)}"
            )
            column[3].text(
                x,
                0.97,
                text,
                color=paint,
                ha=align,
                va="top",
                fontsize="small",
                fontweight="bold",
                transform=column[3].transAxes,
            )
            print(
                f"{TITLES[name]:28} evidence {view.evidence.sum():+5.1f}, predicts "
                f"{view.prediction} with probability {view.proba:.3f}"
            )
        column[3].set_xlabel("frequency (kHz)")
        for ax in column:
            ax.set(xlim=(-500, 500), yticks=[])
            ax.spines[["top", "right", "left"]].set_visible(False)
    fig.savefig(STILL, dpi=110)
    return fig


if __name__ == "__main__":
    draw_still()

"""Pictures of nets: mended, augmented, with other strides, exactly invariant."""

import functools
import pathlib

import numpy as np

from guide.nets import make_data, train_pooled
from guide.style import (
    BLUE,
    GRAY,
    GREEN,
    PINK,
    VERMILION,
    make_figure,
    name_panel,
)

TABLE = pathlib.Path(__file__).with_name("stride_kernel.txt")


def train_module(module, X, y):
    """Train a module of torch as on the page "Mend your own net"."""
    import torch

    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    for _ in range(20):
        for rows in torch.randperm(len(X)).split(32):
            loss = torch.nn.functional.cross_entropy(module(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def draw_mended():
    """Draw the accuracy of a torch net against the shift, before and after."""
    import torch
    from torch import nn

    data, steps = make_data(256)
    classes, codes = np.unique(data.y_train, return_inverse=True)
    X = torch.tensor(steps.transform(data.X_train), dtype=torch.float32)[:, None]
    X_test, y_test = data.test["centered"]
    spectra = steps.transform(X_test)
    y_test = np.searchsorted(classes, y_test)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before = nn.Sequential(
            nn.Conv1d(1, 64, 128, padding=1),
            nn.ReLU(),
            nn.MaxPool1d(16, 2),
            nn.Flatten(),
            nn.Linear(64 * 58, 4),
        )
        after = nn.Sequential(
            nn.Conv1d(1, 64, 128, padding="same", padding_mode="circular"),
            nn.ReLU(),
            nn.AdaptiveMaxPool1d(1),
            nn.Flatten(),
            nn.Linear(64, 4),
        )
        figure, axes = make_figure(1, 1, "Three changed lines mend the net.", 3.4)
        ax = axes[0, 0]
        shifts = np.arange(-128, 129, 16)
        for module, name, color, dashes in [
            (after, "global pool", GREEN, "-"),
            (before, "linear layer over positions", VERMILION, "--"),
        ]:
            train_module(module, X, torch.tensor(codes))
            scores = []
            for shift in shifts:
                rolled = np.roll(spectra, shift, axis=1)[:, None]
                with torch.no_grad():
                    found = module(torch.tensor(rolled, dtype=torch.float32)).argmax(1)
                scores.append(np.mean(found.numpy() == y_test))
            ax.plot(shifts / 256, scores, color=color, linestyle=dashes, marker="o")
            ax.text(
                -0.5,
                scores[0] - 0.04,
                name,
                color=color,
                va="top",
                fontweight="bold",
            )
    ax.axhline(0.25, color=GRAY, linewidth=0.8)
    ax.text(0.5, 0.17, "chance", color=GRAY, ha="right")
    ax.set(xlabel="shift / axis", ylabel="accuracy", ylim=(0, 1.08))
    return figure


@functools.cache
def run_two_by_two():
    """Return the accuracies of two nets, each with and without augmentation."""
    from sklearn.pipeline import make_pipeline

    from sk_psd import (
        FlattenCNNClassifier,
        GlobalPoolCNNClassifier,
        MinMaxScale,
        RandomFreqShift,
        WelchPSD,
    )
    from sk_psd.datasets import make_shift_benchmark

    data = make_shift_benchmark("standard8", n_train=400, n_test=400, n_freqs=256)
    psd = WelchPSD(nperseg=256, return_onesided=False, detrend=False, decibels=True)
    steps = make_pipeline(psd, MinMaxScale())
    X = steps.fit_transform(data.X_train)
    scores = {}
    for kind in (FlattenCNNClassifier, GlobalPoolCNNClassifier):
        for augmentation in (None, RandomFreqShift()):
            net = kind(augmentation=augmentation, max_epochs=20, random_state=0)
            if kind is GlobalPoolCNNClassifier:
                net.set_params(invariance="approximate")  # the pool alone
            net.fit(X, data.y_train)
            scores[kind.__name__, augmentation is not None] = [
                net.score(steps.transform(data.test[place][0]), data.test[place][1])
                for place in ("centered", "shifted")
            ]
    return scores


def draw_two_by_two():
    """Draw the accuracies of two nets, each with and without augmentation."""
    scores = run_two_by_two()
    title = "Random shifts help. A global pool helps more."
    figure, axes = make_figure(1, 2, title, 3.8, sharey=True)
    for ax, kind, name in [
        (axes[0, 0], "FlattenCNNClassifier", "linear layer"),
        (axes[0, 1], "GlobalPoolCNNClassifier", "global pool"),
    ]:
        ax.set_title(name, fontweight="bold")
        for i, shifted in enumerate((False, True)):
            for j, color in enumerate((BLUE, VERMILION)):
                score = scores[kind, shifted][j]
                ax.bar(
                    3 * i + j,
                    score,
                    color=color,
                    hatch="///" if j else None,
                    edgecolor="white",
                )
                ax.text(
                    3 * i + j,
                    score + 0.015,
                    f"{score:.2f}".lstrip("0"),
                    ha="center",
                    color=color,
                )
        ax.axhline(0.125, color="black", linewidth=0.8)
        ax.set_xticks([0.5, 3.5], ["no shifts\nin training", "random\nshifts"])
        ax.set_ylim(0, 1.12)
    axes[0, 0].set_ylabel("accuracy")
    axes[0, 0].text(-0.4, 1.05, "at the center", color=BLUE, fontweight="bold")
    axes[0, 0].text(-0.4, 0.96, "elsewhere", color=VERMILION, fontweight="bold")
    axes[0, 0].text(2, 0.14, "chance", ha="center", fontsize=9)
    return figure


def draw_places():
    """Draw the places of three spectra in eight epochs, in both uses of the shift."""
    import torch

    from sk_psd import RandomFreqShift

    X = np.zeros((3, 200))
    X[:, 100] = 1
    shift = RandomFreqShift(random_state=0)
    once = shift.fit_transform(X).argmax(axis=1)
    augment = shift.for_batches(torch.from_numpy(X)[:, None])
    generator = torch.Generator().manual_seed(0)
    title = "A step of a Pipeline shifts once per fit,\naugmentation= in every batch."
    figure, axes = make_figure(1, 2, title, 3.8, sharex=True, sharey=True)
    epochs = range(1, 9)
    new = [
        augment(torch.from_numpy(X)[:, None], slice(None), generator)[:, 0].argmax(1)
        for _ in epochs
    ]
    for ax, places, name in [
        (axes[0, 0], [once] * len(epochs), "step of a Pipeline"),
        (axes[0, 1], np.array([place.numpy() for place in new]), "augmentation="),
    ]:
        for i, (color, marker) in enumerate(
            [(BLUE, "o"), (VERMILION, "s"), (PINK, "^")]
        ):
            ax.plot(
                [place[i] for place in places],
                epochs,
                marker,
                color=color,
                markersize=7,
                label=f"spectrum {i}",
            )
        ax.axvline(100, color=GRAY, linewidth=0.8, linestyle=":")
        ax.set_title(name, fontweight="bold")
        ax.set(xlim=(0, 200), xticks=[0, 100, 200], xlabel="bin of the peak")
    axes[0, 0].set(ylabel="epoch", yticks=list(epochs), ylim=(8.5, 0.5))
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        handletextpad=0,
        columnspacing=1,
    )
    return figure


def read_table():
    """Return the columns of the table that benchmarks/stride_kernel.py printed."""
    rows = [line.split() for line in TABLE.read_text().splitlines()[2:]]
    return np.array(rows, dtype=float).T


def draw_stride_map():
    """Draw the accuracies and the costs of kernel sizes and strides as a map."""
    kernels, strides, fields, scores, _, seconds = read_table()
    rows, columns = np.unique(kernels), np.unique(strides)
    title = "Short kernels gain by a stride of 2."
    figure, axes = make_figure(1, 1, title, 4.6)
    ax = axes[0, 0]
    grid = scores.reshape(len(rows), len(columns))
    image = ax.imshow(grid, cmap="cividis", aspect="auto", origin="lower")
    middle = (grid.min() + grid.max()) / 2
    for i, (score, field, cost) in enumerate(zip(scores, fields, seconds, strict=True)):
        row, column = divmod(i, len(columns))
        color = "black" if score > middle else "white"
        text = f"{score:.2f}".lstrip("0")
        ax.text(
            column,
            row + 0.13,
            text,
            color=color,
            ha="center",
            va="center",
            fontweight="bold",
        )
        ax.text(
            column,
            row - 0.2,
            f"{field:.0f} bins, {cost:.0f} s",
            color=color,
            ha="center",
            va="center",
            fontsize=9,
        )
    ax.set_xticks(range(len(columns)), [f"{stride:.0f}" for stride in columns])
    ax.set_yticks(range(len(rows)), [f"{kernel:.0f}" for kernel in rows])
    ax.set(xlabel="stride of each layer", ylabel="kernel size of each layer")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    figure.colorbar(image, ax=ax, label="accuracy", shrink=0.8)
    return figure


def draw_phases():
    """Draw the probability of the true class against the shift, in single bins."""
    data, steps = make_data()
    X, y = data.test["shifted"]
    spectra = steps.transform(X)
    title = "Strides have phases. A canonical roll has none."
    figure, axes = make_figure(1, 1, title, 3.4)
    ax = axes[0, 0]
    shifts = range(33)
    models = [
        ("approximate", "pool only", VERMILION, "--", "s"),
        ("exact", "pool and roll", BLUE, "-", "o"),
    ]
    curves = {}
    for invariance, *_ in models:
        net = train_pooled(invariance)[-1]
        columns = net.classes_.searchsorted(y)
        curves[invariance] = np.array(
            [
                net.predict_proba(np.roll(spectra, shift, axis=1))[
                    np.arange(len(y)), columns
                ]
                for shift in shifts
            ]
        )
    worst = np.ptp(curves["approximate"], axis=0).argmax()
    for invariance, name, color, dashes, marker in models:
        ax.plot(
            shifts,
            curves[invariance][:, worst],
            color=color,
            linestyle=dashes,
            marker=marker,
            markersize=4,
            label=name,
        )
    ax.set(
        xlabel="shift of the spectrum (bins)",
        ylabel="probability of\nthe true class",
        xticks=range(0, 33, 8),
    )
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def draw_aligned():
    """Draw three shifts of a spectrum, aligned and as magnitudes of their FFT."""
    from sk_psd import FFTMagnitude, PeakAlign

    data, steps = make_data()
    X, y = data.test["centered"]
    spectra = steps.transform(X[y == "twohump"])
    spectrum = spectra[spectra.mean(axis=1).argmin()]
    rows = np.array([np.roll(spectrum, shift) for shift in (-150, 0, 170)])
    title = "Two descriptions that no shift changes"
    figure, axes = make_figure(3, 1, title, 5.6)
    styles = [(BLUE, "-", 3.5), (VERMILION, "--", 2.2), ("black", ":", 1.5)]
    for ax, values, name, label in [
        (axes[0, 0], rows, "one spectrum at three places", "bin"),
        (axes[1, 0], PeakAlign().fit_transform(rows), "PeakAlign: all three", "bin"),
        (
            axes[2, 0],
            FFTMagnitude().fit_transform(rows)[:, 1:41],
            "FFTMagnitude: all three, first 40 values",
            "number of the value",
        ),
    ]:
        for row, (color, dashes, width) in zip(values, styles, strict=True):
            ax.plot(row, color=color, linestyle=dashes, linewidth=width)
        name_panel(ax, name)
        ax.set(xlabel=label, yticks=[])
    return figure

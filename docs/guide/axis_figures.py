"""The pictures of the guide's pages on axes, noise, filters, inspection and proof.

Each function draws the picture of one page when the documentation is built.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sk_psd import (
    ActivationMapDisplay,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    LossCurveDisplay,
    MinMaxScale,
    ScoreCurveDisplay,
    ShiftCurveDisplay,
    WelchPSD,
    cut_windows,
    filter_response,
    make_spectrum_classifier,
)
from sk_psd.datasets import (
    make_noisy_sines,
    make_shift_benchmark,
    make_spectral_shapes,
)
from sk_psd.plotting import line_styles
from sk_psd.signals import add_noise

BLUE, ORANGE, GREEN = (style["color"] for style in line_styles(3))
GRAY = "0.45"


def make_figure(n_rows=1, n_columns=1, **options):
    """Return a figure and its axes, with letters that are legible when it is small."""
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 13})
    options = dict(figsize=(8, 3.6), layout="constrained") | options
    return plt.subplots(n_rows, n_columns, **options)


def hide_spines(ax, *names):
    """Take the frame of a drawing away, except for what the drawing needs."""
    ax.spines[list(names or ("top", "right"))].set_visible(False)


@cache
def fit_two_nets(fs=1.0):
    """Return the data of the quickstart and its two pipelines, for signals at `fs`."""
    data = make_shift_benchmark("easy4", n_train=200, n_test=60, n_freqs=256)
    psd = WelchPSD(
        fs, nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
    )
    nets = {
        "global pool": GlobalPoolCNNClassifier(max_epochs=10, random_state=0),
        "linear layer": FlattenCNNClassifier(max_epochs=10, random_state=0),
    }
    return data, {
        name: make_pipeline(psd, MinMaxScale(), net).fit(data.X_train, data.y_train)
        for name, net in nets.items()
    }


def draw_quickstart():
    """Draw the training spectra, and the accuracy of both nets against the shift."""
    data, models = fit_two_nets()
    figure, (left, right) = make_figure(1, 2)
    psd = models["global pool"]["welchpsd"]
    spectra = psd.transform(data.X_train)
    for i, (name, style) in enumerate(
        zip(np.unique(data.y_train), line_styles(4), strict=True)
    ):
        level = np.median(spectra[data.y_train == name], axis=0)
        level -= np.median(level) + 24 * i
        left.plot(psd.freqs_, level, color=style["color"])
        left.text(-0.5, 3 - 24 * i, name, color=style["color"], fontsize=11)
    left.set(title="Trained at the center only", yticks=[], ylim=(-78, 24))
    left.set_xlabel("frequency / sampling frequency")
    hide_spines(left, "left", "right", "top")
    ShiftCurveDisplay.from_estimators(
        models, *data.test["centered"], shifts=np.linspace(-0.5, 0.5, 21), ax=right
    )
    right.set_title("One net finds them elsewhere")
    right.get_legend().remove()
    place_labels(
        right,
        [
            (0.3, 0.93, "global pool", BLUE),
            (0.3, 0.35, "linear layer", ORANGE),
            (-0.3, 0.29, "chance", GRAY),
        ],
    )
    return figure


def place_labels(ax, labels):
    """Write names beside lines: (x, y, text, color) in data coordinates."""
    for x, y, text, color in labels:
        ax.text(x, y, text, color=color, ha="center", va="center", fontsize=11)


def bump(x, center, width):
    """Return a smooth bump of height 1 with flat top."""
    return np.exp(-((np.abs(x - center) / width) ** 4))


def draw_axes():
    """Draw the four kinds of axes, with a spectrum before and after its move."""
    figure = plt.figure(figsize=(8, 6.4), layout="constrained")
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 13})
    draw_circle(figure.add_subplot(2, 2, 1, projection="polar"))
    draw_end(figure.add_subplot(2, 2, 2))
    draw_stretch(figure.add_subplot(2, 2, 3))
    draw_position(figure.add_subplot(2, 2, 4))
    return figure


def draw_circle(ax):
    """Draw a spectrum around a circle."""
    x = np.linspace(-0.5, 0.5, 600)
    for center, color, dashes in [(0.0, BLUE, "-"), (0.42, ORANGE, "--")]:
        distance = (x - center + 0.5) % 1 - 0.5
        level = 1 + 0.6 * bump(distance, 0, 0.07)
        ax.plot(2 * np.pi * x, level, color=color, linestyle=dashes, linewidth=2.5)
    ax.set_theta_zero_location("N")
    ax.set_theta_direction(-1)
    ax.set(ylim=(0, 1.75), yticks=[])
    ax.set_xticks(
        np.pi * np.array([0, 0.5, 1, 1.5]), ["0 Hz", "fs/4", "±fs/2", "-fs/4"]
    )
    ax.grid(False)
    ax.spines["polar"].set_visible(False)
    ax.text(0, 0, "no end", ha="center", va="center", color=GRAY)
    ax.text(0.55, 1.95, "trained", color=BLUE)
    ax.text(1.85, 1.75, "in use", color=ORANGE)
    ax.set_title("It wraps: complex signals", pad=22)


def draw_end(ax):
    """Draw a spectrum that leaves an axis."""
    x = np.linspace(0, 0.5, 600)
    for center, color, dashes, text in [
        (0.2, BLUE, "-", "trained"),
        (0.47, ORANGE, "--", "in use"),
    ]:
        ax.plot(x, bump(x, center, 0.06), color=color, linestyle=dashes, linewidth=2.5)
        ax.text(center - 0.02, 1.08, text, color=color, ha="center")
    ax.axvline(0.5, color="0.2", linewidth=4)
    ax.axvline(0.0, color="0.2", linewidth=4)
    ax.annotate(
        "lost", (0.54, 0.5), color=GRAY, annotation_clip=False, ha="center", va="center"
    )
    ax.set(ylim=(-0.05, 1.3), xlim=(0, 0.58), yticks=[])
    ax.set_xticks([0, 0.25, 0.5], ["0 Hz", "fs/4", "fs/2"])
    hide_spines(ax, "left", "right", "top")
    ax.set_title("It ends: real signals")


def draw_stretch(ax):
    """Draw harmonics of two pitches, on a linear and on a logarithmic axis."""
    ax.axis("off")
    ax.set_title("It stretches: pitch and speed")
    linear = ax.inset_axes([0, 0.56, 1, 0.38])
    logarithmic = ax.inset_axes([0, 0.08, 1, 0.38])
    for small, scale, text in [
        (linear, "linear", "linear axis: the distances change"),
        (logarithmic, "log", "log axis: a shift"),
    ]:
        for bottom, f0, color in [(0, 200, BLUE), (1.1, 300, ORANGE)]:
            freqs = f0 * np.arange(1, 5)
            top = bottom + np.array([1, 0.75, 0.55, 0.4])
            small.vlines(freqs, bottom, top, color, linewidth=3)
        small.set(xscale=scale, xlim=(150, 1350), ylim=(-0.05, 2.9), yticks=[])
        small.set_xticks([200, 400, 800], ["200", "400", "800 Hz"])
        small.set_xticks([], minor=True)
        small.text(0.98, 0.95, text, transform=small.transAxes, ha="right", va="top")
        hide_spines(small, "left", "right", "top")


def draw_position(ax):
    """Draw two vowels: the same peaks at other places."""
    x = np.linspace(0, 3500, 600)
    for k, (name, formants, color, dashes) in enumerate(
        [('"ee"', (300, 2300), BLUE, "-"), ('"ah"', (750, 1200), ORANGE, "--")]
    ):
        level = sum(np.exp(-(((x - f) / 130) ** 2)) for f in formants)
        ax.plot(x, level + 1.3 * k, color=color, linestyle=dashes, linewidth=2.5)
        ax.text(3400, 1.3 * k + 0.25, name, color=color, ha="right", fontsize=14)
    ax.set(yticks=[], ylim=(-0.1, 2.6))
    ax.set_xticks([0, 1000, 2000, 3000], ["0", "1", "2", "3 kHz"])
    hide_spines(ax, "left", "right", "top")
    ax.set_title("Position tells: vowels")


# Accuracies on spoken digits that benchmarks/real_signals.py prints, as in the table.
DIGITS = {
    "spectrogram net,\npool over time": 0.876,
    "linear,\nspectrogram": 0.794,
    "linear,\nspectrum": 0.548,
    "shift-invariant\nnet": 0.498,
}


def draw_vowels():
    """Draw two vowels, and what models that ignore the position score on digits."""
    figure, (left, right) = make_figure(1, 2)
    draw_position(left)
    left.set_title("Other places, other vowel")
    places = np.arange(len(DIGITS))[::-1]
    right.barh(places, DIGITS.values(), color=[BLUE, "0.7", "0.7", ORANGE])
    for place, value in zip(places, DIGITS.values(), strict=True):
        right.text(value + 0.02, place, f"{value:.2f}"[1:], va="center")
    right.axvline(0.1, color="0.2", linestyle=":")
    right.text(0.11, -0.72, "chance", color="0.2", fontsize=10)
    right.set_yticks(places, DIGITS)
    right.set(xlim=(0, 1), ylim=(-0.85, 3.5), xlabel="accuracy on spoken digits")
    right.set_title("Digits: the invariant net is last")
    hide_spines(right)
    return figure


def draw_noise():
    """Draw the accuracy of the default and the robust pipeline against the noise."""
    settings = dict(n_times=2048, real=True, fs=1000.0, bandwidth=100.0)
    settings |= dict(snr_db=(10.0, 20.0))
    train = make_spectral_shapes(
        200, center_freq=(190.0, 210.0), random_state=0, **settings
    )
    X, y = make_spectral_shapes(
        200, center_freq=(150.0, 250.0), random_state=1, **settings
    )
    models = {"default": [], "robust=True": []}
    for name, n_epochs in [("default", 15), ("robust=True", 30)]:
        for seed in range(2):
            model = make_spectrum_classifier(
                "one-sided", fs=1000.0, robust="robust" in name, random_state=seed
            )
            model.set_params(net__max_epochs=n_epochs).fit(*train)
            models[name].append(model)
    tests = {snr: (add_noise(X, snr, 0), y) for snr in range(-15, 11, 5)}
    figure, ax = make_figure(figsize=(8, 3.6))
    ScoreCurveDisplay.from_estimators(models, tests, ax=ax)
    ax.set(xlim=(-15, 10), ylim=(0, 1.05))
    ax.set_xlabel("power of the signal over that of the added noise (dB)")
    ax.set_title("Training with noise bears about 3 dB more of it")
    ax.get_legend().remove()
    place_labels(
        ax,
        [
            (-9.5, 0.93, "robust=True", ORANGE),
            (-4.0, 0.62, "default", BLUE),
            (8.0, 0.3, "chance", GRAY),
        ],
    )
    return figure


def draw_norm_axes():
    """Draw a block of maps three times, with the values of one mean in one color."""
    figure = plt.figure(figsize=(8, 3.3), layout="constrained")
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 13})
    colors = [BLUE, "#E69F00", "0.25", "#56B4E9"]
    names = {"channel": 0, "frequency": 2, "time": 1}
    for i, (name, axis) in enumerate(names.items()):
        ax = figure.add_subplot(1, 3, i + 1, projection="3d")
        cells = np.empty((4, 4, 4), dtype=object)
        for index in np.ndindex(cells.shape):
            cells[index] = colors[index[axis]]
        full = np.ones(cells.shape)
        ax.voxels(full, facecolors=cells, edgecolor="white", shade=False)
        ax.set_axis_off()
        ax.text(2, -1.2, -0.4, "channel", "x", ha="center")
        ax.text(5.2, 2, -0.4, "time", "y", ha="center")
        ax.text(-0.5, 0, 2, "frequency", "z", ha="right", va="center")
        ax.view_init(20, -50)
        ax.set_box_aspect(None, zoom=0.9)
        ax.set_title(f'norm_axis="{name}"')
    figure.suptitle("The values of one color share a mean and a deviation")
    return figure


def draw_filters():
    """Draw learned kernels and their gain, beside a moving average."""
    pairs = make_noisy_sines(200, random_state=0)
    kernels = {
        "gradient": LearnedConvFilter(21, random_state=0).fit(*pairs).kernel_,
        "least squares": LearnedConvFilter(21, solver="lstsq").fit(*pairs).kernel_,
        "moving average": np.full(21, 1 / 21),
    }
    figure, (left, right) = make_figure(1, 2)
    taps = (np.arange(21) - 10) * 1000 / 256
    for (name, kernel), style in zip(kernels.items(), line_styles(3), strict=True):
        left.plot(taps, kernel, linewidth=2, **style)
        response = filter_response(kernel, fs=256)
        right.plot(response.freqs, response.gain, linewidth=2, **style)
    right.axvspan(0, 8, color="0.9")
    right.text(9, 3, "the sines lie at 0 to 8 Hz", va="bottom", fontsize=11)
    place_labels(left, [(0, 0.054, "moving average", GREEN)])
    place_labels(left, [(0, 0.109, "gradient, and", BLUE)])
    place_labels(left, [(0, 0.1, "least squares (dashes)", ORANGE)])
    left.set(xlabel="time (ms)", ylabel="tap", ylim=(-0.012, 0.118))
    left.set_title("Two solvers, one kernel")
    right.set(xlabel="frequency (Hz)", ylabel="gain (dB)", xlim=(0, 64))
    right.set(ylim=(-45, 10), title="It has learned to be a low-pass")
    return figure


def draw_evidence():
    """Draw the evidence of one shape at two places."""
    data, models = fit_two_nets(fs=1e6)
    X, y = data.test["shifted"]
    chosen = np.flatnonzero(y == "twohump")[:2]
    figure, axes = make_figure(2, 2, figsize=(8, 4.6), sharex=True, sharey="row")
    ActivationMapDisplay.from_estimator(
        models["global pool"], X, samples=chosen, mark_band=True, axes=axes
    )
    figure.suptitle("The evidence moves with the shape")
    return figure


def draw_proof():
    """Draw two splits of windows, and what each says of labels that mean nothing."""
    recordings, _ = make_spectral_shapes(
        40, shapes=["rect"], n_times=6144, center_freq=(-0.3, 0.3), random_state=1
    )
    windows, index, _ = cut_windows(recordings, 1024)
    coin = np.random.default_rng(1).permutation(np.repeat([0, 1], 20))[index]
    svc = make_pipeline(
        WelchPSD(nperseg=128, return_onesided=False, detrend=False, decibels=True),
        MinMaxScale(),
        SVC(C=10),
    )
    splits = {
        "split by windows": KFold(5, shuffle=True, random_state=0),
        "split by recordings": GroupKFold(5),
    }
    figure, axes = make_figure(1, 2, sharey=True)
    for ax, (name, split) in zip(axes, splits.items(), strict=True):
        groups = index if "recordings" in name else None
        score = cross_val_score(svc, windows, coin, cv=split, groups=groups).mean()
        test = next(split.split(windows, groups=groups))[1]
        is_test = np.isin(np.arange(len(windows)), test).reshape(40, -1)[:10]
        for row, column in np.ndindex(is_test.shape):
            ax.barh(
                row,
                0.92,
                height=0.8,
                left=column,
                color=ORANGE if is_test[row, column] else BLUE,
                hatch="///" if is_test[row, column] else None,
                edgecolor="white",
                linewidth=0,
            )
        ax.set_title(f"{name}: accuracy {score:.2f}")
        ax.set(xlabel="window", xticks=[], yticks=[])
        hide_spines(ax, "left", "right", "top", "bottom")
    axes[0].set_ylabel("recording")
    axes[1].text(6.1, 5, "orange:\ntest\n\nblue:\ntraining", va="center")
    figure.suptitle("The labels are coin tosses: 0.50 is right")
    return figure


def draw_losses():
    """Draw the losses of a training that was stopped early."""
    data = make_shift_benchmark("standard8", n_train=240, n_test=8, n_freqs=128)
    spectra = make_pipeline(
        WelchPSD(nperseg=128, return_onesided=False, detrend=False, decibels=True),
        MinMaxScale(),
    )
    net = GlobalPoolCNNClassifier(
        early_stopping=True,
        lr_schedule="constant",
        lr=3e-3,
        max_epochs=200,
        random_state=0,
    ).fit(spectra.fit_transform(data.X_train), data.y_train)
    figure, ax = make_figure()
    LossCurveDisplay.from_estimator(net, ax=ax, linewidth=2)
    ax.set_title(f"Stopped after {net.n_iter_} epochs, the best weights are kept")
    return figure

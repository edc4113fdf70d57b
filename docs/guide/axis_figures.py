"""The pictures of the guide's pages on axes, noise, filters, inspection and proof.

Each function draws the picture of one page when the documentation is built.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline

from guide.style import AMBER, BLUE, GRAY, GREEN, SKY, VERMILION
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
    filter_response,
    make_baselines,
    make_spectrum_classifier,
)
from sk_psd.datasets import (
    make_noisy_sines,
    make_shift_benchmark,
    make_spectral_shapes,
)
from sk_psd.plotting import line_styles
from sk_psd.signals import add_noise


def make_figure(n_rows=1, n_columns=1, **options):
    """Return a figure and its axes, with letters that are legible when it is small."""
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 12})
    options = dict(figsize=(6.6, 3.3), layout="constrained") | options
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
        left.text(-0.5, 3 - 24 * i, name, color=style["color"], fontsize=12)
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
            (0.3, 0.35, "linear layer", VERMILION),
            (-0.3, 0.29, "chance", GRAY),
        ],
    )
    return figure


def place_labels(ax, labels):
    """Write names beside lines: (x, y, text, color) in data coordinates."""
    for x, y, text, color in labels:
        ax.text(x, y, text, color=color, ha="center", va="center", fontsize=12)


def bump(x, center, width):
    """Return a smooth bump of height 1 with flat top."""
    return np.exp(-((np.abs(x - center) / width) ** 4))


def draw_axes():
    """Draw the four kinds of axes, with a spectrum before and after its move."""
    figure = plt.figure(figsize=(6.6, 5.8), layout="constrained")
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 12})
    draw_circle(figure.add_subplot(2, 2, 1, projection="polar"))
    draw_end(figure.add_subplot(2, 2, 2))
    draw_stretch(figure.add_subplot(2, 2, 3))
    draw_position(figure.add_subplot(2, 2, 4))
    return figure


def draw_circle(ax):
    """Draw a spectrum around a circle."""
    x = np.linspace(-0.5, 0.5, 600)
    for center, color, dashes in [(0.0, BLUE, "-"), (0.42, VERMILION, "--")]:
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
    ax.text(1.85, 1.75, "in use", color=VERMILION)
    ax.set_title("It wraps: complex signals", pad=22)


def draw_end(ax):
    """Draw a spectrum that leaves an axis."""
    x = np.linspace(0, 0.5, 600)
    for center, color, dashes, text in [
        (0.2, BLUE, "-", "trained"),
        (0.47, VERMILION, "--", "in use"),
    ]:
        ax.plot(x, bump(x, center, 0.06), color=color, linestyle=dashes, linewidth=2.5)
        ax.text(center - 0.04, 1.08, text, color=color, ha="center")
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
    linear = ax.inset_axes([0, 0.6, 1, 0.36])
    logarithmic = ax.inset_axes([0, 0.06, 1, 0.36])
    for small, scale, text in [
        (linear, "linear", "linear axis: the distances change"),
        (logarithmic, "log", "log axis: a shift"),
    ]:
        for bottom, f0, color in [(0, 200, BLUE), (1.1, 300, VERMILION)]:
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
        [('"ee"', (300, 2300), BLUE, "-"), ('"ah"', (750, 1200), VERMILION, "--")]
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
    right.barh(places, DIGITS.values(), color=[BLUE, "0.7", "0.7", VERMILION])
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
    figure, ax = make_figure()
    ScoreCurveDisplay.from_estimators(models, tests, ax=ax)
    ax.set(xlim=(-15, 10), ylim=(0, 1.05))
    ax.set_xlabel("power of the signal over that of the added noise (dB)")
    ax.set_title("Training with noise bears about 3 dB more of it")
    ax.get_legend().remove()
    place_labels(
        ax,
        [
            (-9.5, 0.93, "robust=True", VERMILION),
            (-4.0, 0.62, "default", BLUE),
            (8.0, 0.3, "chance", GRAY),
        ],
    )
    return figure


def draw_norm_axes():
    """Draw a block of maps three times, with the values of one mean in one color."""
    figure = plt.figure(figsize=(6.6, 2.9), layout="constrained")
    plt.rcParams.update({"font.size": 12, "axes.titlesize": 12})
    colors = [BLUE, AMBER, "0.25", SKY]
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
    kernels = [
        LearnedConvFilter(21, random_state=0).fit(*pairs).kernel_,
        LearnedConvFilter(21, solver="lstsq").fit(*pairs).kernel_,
        np.full(21, 1 / 21),
    ]
    figure, (left, right) = make_figure(1, 2)
    taps = (np.arange(21) - 10) * 1000 / 256
    for kernel, style in zip(kernels, line_styles(3), strict=True):
        left.plot(taps, kernel, linewidth=2, **style)
        response = filter_response(kernel, fs=256)
        right.plot(response.freqs, response.gain, linewidth=2, **style)
    right.axvspan(0, 8, color="0.9")
    right.text(9, 3, "the sines lie at 0 to 8 Hz", va="bottom", fontsize=12)
    place_labels(left, [(0, 0.04, "moving average", GREEN)])
    place_labels(left, [(0, 0.109, "gradient, and", BLUE)])
    place_labels(left, [(0, 0.1, "least squares (dashes)", VERMILION)])
    left.set(xlabel="time (ms)", ylabel="tap", ylim=(-0.012, 0.118))
    left.set_title("Two solvers, one kernel")
    right.set(xlabel="frequency (Hz)", ylabel="gain (dB)", xlim=(0, 64))
    right.set(ylim=(-45, 10), title="The kernel is a low-pass")
    return figure


def draw_evidence():
    """Draw the evidence of one shape at two places."""
    data, models = fit_two_nets(fs=1e6)
    X, y = data.test["shifted"]
    chosen = np.flatnonzero(y == "twohump")[:2]
    figure, axes = make_figure(2, 2, figsize=(6.6, 4.2), sharex=True, sharey="row")
    ActivationMapDisplay.from_estimator(
        models["global pool"], X, samples=chosen, mark_band=True, axes=axes
    )
    for ax in axes.flat:
        ax.set_xticks([-4e5, 0, 4e5])
    figure.suptitle("The evidence moves with the shape")
    return figure


def draw_proof():
    """Draw the score on known and on new machines, and a reliability diagram."""
    figure, (left, right) = make_figure(1, 2)
    machine = np.arange(240) % 4
    X, y = make_spectral_shapes(
        240,
        center_freq=[-0.3, -0.1, 0.1, 0.3] * 60,
        n_times=1024,
        snr_db=(5.0, 20.0),
        random_state=0,
    )
    net = make_spectrum_classifier(fs=1.0, nperseg=128, random_state=0)
    baselines = make_baselines(net["psd"])
    models = {
        "linear": baselines["logreg_psd"],
        "linear,\nFFT": baselines["logreg_fft_of_psd"],
        "net": net.set_params(net__max_epochs=8),
    }
    for i, model in enumerate(models.values()):
        for offset, split, color in [
            (-0.2, KFold(4, shuffle=True, random_state=0), "0.7"),
            (0.2, LeaveOneGroupOut(), BLUE),
        ]:
            groups = None if isinstance(split, KFold) else machine
            score = cross_val_score(model, X, y, cv=split, groups=groups).mean()
            left.bar(i + offset, score, 0.38, color=color)
            text = f"{score:.2f}".removeprefix("0")
            left.text(i + offset, score + 0.02, text, ha="center", fontsize=8.5)
    left.set_xticks(range(len(models)), models)
    left.set(ylim=(0, 1.45), yticks=[0, 0.5, 1], ylabel="accuracy")
    left.set_title("Known machines hide a failure")
    left.text(-0.4, 1.36, "gray: machines of the training", color=GRAY, fontsize=12)
    left.text(-0.4, 1.23, "blue: a new machine", color=BLUE, fontsize=12)
    hide_spines(left)

    settings = dict(n_times=2048, real=True, fs=1000.0, bandwidth=100.0)
    trained = make_spectral_shapes(
        200, center_freq=(190.0, 210.0), snr_db=(10.0, 20.0), random_state=0, **settings
    )
    net = make_spectrum_classifier("one-sided", fs=1000.0, random_state=0)
    net = net.set_params(net__max_epochs=15).fit(*trained)
    noisy = dict(center_freq=(150.0, 250.0), snr_db=-5.0, **settings)
    calibrated = CalibratedClassifierCV(FrozenEstimator(net))
    calibrated.fit(*make_spectral_shapes(200, random_state=2, **noisy))
    X, y = make_spectral_shapes(600, random_state=3, **noisy)
    for model, style in zip([net, calibrated], line_styles(2), strict=True):
        sure, is_right = model.predict_proba(X).max(axis=1), model.predict(X) == y
        parts = np.array_split(sure.argsort(), 5)
        mean = [[values[part].mean() for part in parts] for values in (sure, is_right)]
        right.plot(*mean, marker="o", linewidth=2, **style)
    right.plot([0, 1], [0, 1], color=GRAY, linewidth=1)
    right.set(xlim=(0.2, 1.02), ylim=(0, 1.02), xlabel="probability of the prediction")
    right.set(ylabel="share that is right", title="In new noise it is too sure")
    place_labels(
        right,
        [
            (0.85, 0.33, "net", BLUE),
            (0.4, 0.75, "calibrated", VERMILION),
            (0.88, 0.72, "honest", GRAY),
        ],
    )
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

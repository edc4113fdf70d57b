"""The pictures of the pages about recordings and domains."""

import numpy as np
from scipy.signal import lfilter
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from guide.style import BLUE, GRAY, VERMILION, make_figure
from sk_psd import (
    LogFrequency,
    WelchPSD,
    WindowedClassifier,
    cut_windows,
    make_spectrum_classifier,
)
from sk_psd.datasets import make_harmonic_sounds, make_spectral_shapes
from sk_psd.plotting import line_styles

# Amplitude of each order of a gear with 12 teeth, one of which is damaged.
ORDERS = {1: 1, 2: 0.5, 10: 0.25, 11: 0.5, 12: 1, 13: 0.5, 14: 0.25}


def score_coin_flips():
    """Return the accuracy on random labels, windows mixed and recordings left out."""
    rng = np.random.default_rng(0)
    recordings = [
        lfilter([1], [1, *rng.uniform(-0.24, 0.24, 4)], rng.standard_normal(n))
        for n in range(8192, 14192, 100)
    ]
    windows, index, _ = cut_windows(recordings, 2048)
    y = rng.permutation(np.repeat(["heads", "tails"], 30))[index]
    nearest = make_pipeline(
        WelchPSD(nperseg=64, decibels=True), KNeighborsClassifier(1)
    )
    mixed = KFold(5, shuffle=True, random_state=0)
    return (
        cross_val_score(nearest, windows, y, cv=mixed).mean(),
        cross_val_score(nearest, windows, y, groups=index, cv=GroupKFold(5)).mean(),
    )


def make_lines(n_times=4096, fs=1000, seed=0):
    """Return noise with two lines 12 Hz apart."""
    t = np.arange(n_times) / fs
    lines = np.sin(2 * np.pi * 200 * t) + np.sin(2 * np.pi * 212 * t + 1)
    return lines + np.random.default_rng(seed).standard_normal(n_times)


def draw_nperseg():
    """Draw the spectrum of one signal with three values of nperseg."""
    fs, x = 1000, make_lines()
    fig, axes = make_figure(3, 1, "Two lines 12 Hz apart (dashed), three nperseg", 5.2)
    titles = "64: one hump", "512: two peaks", "4096: two peaks in rough noise"
    for ax, nperseg, title in zip(axes.flat, (64, 512, 4096), titles, strict=True):
        psd = WelchPSD(fs, nperseg=nperseg, decibels=True).fit(x[None])
        ax.plot(psd.freqs_, psd.transform(x[None])[0], color=BLUE, lw=1.3)
        for line in (200, 212):
            ax.axvline(line, color=VERMILION, lw=1, ls="--", zorder=0)
        ax.set(xlim=(150, 262), ylim=(-46, 5), ylabel="dB per Hz", title=title)
    axes[-1, 0].set_xlabel("frequency (Hz)")
    return fig


def draw_votes():
    """Draw the probabilities along a recording that changes its timbre twice."""
    timbres, fs = ("saw", "square", "formant"), 16000
    X, y = make_harmonic_sounds(
        90, timbres=timbres, f0=(160, 320), n_times=4096, snr_db=(5, 15), random_state=0
    )
    windows = make_spectrum_classifier("log", fs=fs, nperseg=2048, random_state=0)
    windows.set_params(net__max_epochs=15)
    model = WindowedClassifier(windows, 4096).fit(list(X), y)
    parts = [
        make_harmonic_sounds(
            1, timbres=[name], f0=(200, 280), n_times=2 * fs, random_state=i
        )[0][0]
        for i, name in enumerate(timbres)
    ]
    recording = np.concatenate([part / part.std() for part in parts])
    times, proba = model.predict_windows(recording, step=1600, fs=fs)
    title = "A sound that changes its timbre after 2 and 4 s"
    fig, ((ax,),) = make_figure(1, 1, title, 2.9)
    classes = list(model.classes_)
    for i, (name, style) in enumerate(zip(timbres, line_styles(3), strict=True)):
        ax.plot(times, proba[:, classes.index(name)], lw=2, **style)
        ax.text(2 * i + 1, 1.05, name, ha="center", color=style["color"], fontsize=11)
        ax.axvline(2 * i, color=GRAY, lw=0.8, ls=":")
    ax.set(xlim=(0, 6), ylim=(-0.03, 1.18), yticks=[0, 0.5, 1])
    ax.set(xlabel="middle of the window (s)", ylabel="probability")
    return fig


def make_gear_spectra(speeds, fs=4096):
    """Return a fitted WelchPSD and the spectra of a gear at some speeds."""
    rng, t = np.random.default_rng(0), np.arange(3 * fs) / fs
    X = 0.3 * rng.standard_normal((len(speeds), len(t)))
    for order, amplitude in ORDERS.items():
        angle = np.outer(speeds, order * t)
        X += amplitude * np.sin(2 * np.pi * (angle + rng.uniform()))
    psd = WelchPSD(fs, nperseg=2048, decibels=True).fit(X)
    return psd, psd.transform(X)


def draw_speeds():
    """Draw spectra of a gear at two speeds on both frequency axes."""
    speeds, offset = (20, 40), 48
    psd, levels = make_gear_spectra(speeds)
    log = LogFrequency(256, fs=psd.fs, fmin=10, fmax=1024, decibels=True).fit(levels)
    fig, axes = make_figure(2, 1, "Twice the speed: a shift on the log axis", 4.6)
    panels = (psd.freqs_, levels, "linear"), (log.freqs_, log.transform(levels), "log")
    for ax, (freqs, rows, scale) in zip(axes.flat, panels, strict=True):
        ax.set(xscale=scale, yticks=[-45, -45 - offset])
        ax.set_yticklabels([f"{speed} turns/s" for speed in speeds])
        for i, (row, color) in enumerate(zip(rows, (BLUE, VERMILION), strict=True)):
            ax.plot(freqs, row - i * offset, color=color, lw=1.2)
            ax.get_yticklabels()[i].set_color(color)
    axes[0, 0].set(xlim=(0, 700), title="linear axis: the lines move apart")
    axes[1, 0].set(xlim=(10, 1024), title="logarithmic axis: the same pattern, moved")
    axes[1, 0].set(xlabel="frequency (Hz)", xticks=[10, 20, 40, 100, 200, 400, 1000])
    axes[1, 0].xaxis.set_major_formatter("{x:g}")
    axes[1, 0].xaxis.set_minor_formatter("")
    for low in (20, 240):
        arrow = dict(arrowstyle="->", color=GRAY, lw=1.5)
        axes[1, 0].annotate("", (2 * low, -58), (low, -58), arrowprops=arrow)
    return fig


def draw_splits():
    """Draw which windows are in the test, of windows mixed and recordings left out."""
    n_recordings, n_windows = 10, 8
    rng = np.random.default_rng(1)
    mixed = rng.permutation(n_recordings * n_windows).reshape(n_recordings, -1) % 5 == 0
    grouped = np.zeros_like(mixed)
    grouped[[2, 7]] = True
    mixed_score, grouped_score = score_coin_flips()
    fig, axes = make_figure(1, 2, "The labels are coin flips: a fair score is 0.5", 3.9)
    for ax, test, title in [
        (axes[0, 0], mixed, f"windows mixed: {mixed_score:.2f}"),
        (axes[0, 1], grouped, f"recordings left out: {grouped_score:.2f}"),
    ]:
        for value, color, marker in [(False, BLUE, "s"), (True, VERMILION, "D")]:
            row, column = np.nonzero(test == value)
            ax.scatter(column, row, color=color, marker=marker, s=42)
        ax.set(xlabel="window", xticks=[], yticks=[], title=title)
        ax.set(xlim=(-0.9, 7.9), ylim=(9.6, -0.6))
        ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("recording")
    fig.supxlabel("blue squares: training, orange diamonds: test", fontsize=11)
    return fig


def draw_pitches():
    """Draw the accuracy at lower and higher pitches, on both frequency axes."""
    fs, factors = 16000, 2.0 ** np.linspace(-1, 1, 7)
    X, y = make_harmonic_sounds(240, n_times=8192, random_state=0)
    tests = [
        make_harmonic_sounds(
            90, n_times=8192, f0=(160 * factor, 224 * factor), random_state=1
        )
        for factor in factors
    ]
    fig, ((ax,),) = make_figure(1, 1, "The logarithmic axis takes the pitch away", 3.4)
    names = {"log": "logarithmic axis", "one-sided": "linear axis"}
    heights = {"log": 0.92, "one-sided": 0.5}
    for axis, style in zip(names, line_styles(2), strict=True):
        model = make_spectrum_classifier(axis, fs=fs, nperseg=2048, random_state=0)
        model.set_params(net__max_epochs=20).fit(X, y)
        scores = [model.score(*test) for test in tests]
        ax.plot(factors, scores, marker="o", lw=2, **style)
        ax.text(0.5, heights[axis], names[axis], color=style["color"])
    ax.axhline(1 / 6, color=GRAY, lw=1, ls=":")
    ax.text(0.5, 1 / 6 + 0.02, "chance", color=GRAY)
    ax.set(xscale="log", xlabel="pitch, as a multiple of the training's")
    ax.set(ylim=(0, 1.04), ylabel="accuracy")
    ax.set_xticks([0.5, 0.7, 1, 1.4, 2], ["1/2", "0.7", "1", "1.4", "2"])
    ax.set_xticks([], minor=True)
    return fig


def draw_spike():
    """Draw a spectrum with a spike at 0 Hz, and what a notch makes of it."""
    fs = 2.4e6
    X, _ = make_spectral_shapes(
        1,
        shapes=["twohump"],
        fs=fs,
        bandwidth=400e3,
        center_freq=500e3,
        snr_db=15,
        gain_db=0,
        line_db=3,
        n_times=16384,
        random_state=0,
    )
    options = dict(nperseg=256, return_onesided=False, detrend=False, decibels=True)
    fig, axes = make_figure(2, 1, "A notch bridges the spike of the receiver", 4.2)
    for ax, notch, title in [
        (axes[0, 0], None, "notch=None"),
        (axes[1, 0], [0], "notch=[0]"),
    ]:
        psd = WelchPSD(fs, notch=notch, **options).fit(X)
        ax.plot(psd.freqs_ / 1e6, psd.transform(X)[0], color=BLUE, lw=1.3)
        ax.set(ylabel="dB per Hz", title=title)
    axes[1, 0].sharey(axes[0, 0])
    axes[0, 0].annotate(
        "spike at 0 Hz",
        (0, -55),
        (-0.9, -60),
        color=VERMILION,
        va="center",
        arrowprops=dict(arrowstyle="->", color=VERMILION),
    )
    axes[0, 0].text(0.5, -48, "emission", color=BLUE, ha="center")
    axes[1, 0].set_xlabel("frequency (MHz)")
    return fig

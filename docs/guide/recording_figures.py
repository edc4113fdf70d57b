"""The pictures of the pages about recordings and domains."""

import matplotlib.pyplot as plt
import numpy as np

from sk_psd import (
    LogFrequency,
    WelchPSD,
    WindowedClassifier,
    make_spectrum_classifier,
)
from sk_psd.datasets import make_harmonic_sounds
from sk_psd.plotting import line_styles

BLUE, ORANGE, GREEN, PINK, *_ = (style["color"] for style in line_styles(7))
GRAY = "0.45"


def make_lines(n_times=4096, fs=1000, seed=0):
    """Return noise with two lines 12 Hz apart."""
    t = np.arange(n_times) / fs
    lines = np.sin(2 * np.pi * 200 * t) + np.sin(2 * np.pi * 212 * t + 1)
    return lines + np.random.default_rng(seed).standard_normal(n_times)


def draw_nperseg():
    """Draw the spectrum of one signal with three values of nperseg."""
    fs, x = 1000, make_lines()
    fig, axes = plt.subplots(1, 3, figsize=(8, 3), sharey=True, layout="constrained")
    titles = "64: one hump", "512: two lines", "4096: one rough segment"
    for ax, nperseg, title in zip(axes, (64, 512, 4096), titles, strict=True):
        psd = WelchPSD(fs, nperseg=nperseg, decibels=True).fit(x[None])
        ax.plot(psd.freqs_, psd.transform(x[None])[0], color=BLUE, lw=1.2)
        for line in (200, 212):
            ax.axvline(line, color=ORANGE, lw=1, ls="--", zorder=0)
        ax.set(xlim=(150, 262), xlabel="frequency (Hz)")
        ax.set_title(title, fontsize=11)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("dB per Hz")
    fig.suptitle("nperseg decides what is seen as two lines (dashed: the truth)")
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
    fig, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
    classes = list(model.classes_)
    for i, (name, style) in enumerate(zip(timbres, line_styles(3), strict=True)):
        ax.plot(times, proba[:, classes.index(name)], lw=2, **style)
        ax.text(2 * i + 1, 1.05, name, ha="center", color=style["color"], fontsize=12)
        ax.axvline(2 * i, color=GRAY, lw=0.8, ls=":")
    ax.set(xlim=(0, 6), ylim=(-0.03, 1.15), yticks=[0, 0.5, 1])
    ax.set(xlabel="middle of the window (s)", ylabel="probability")
    ax.spines[["top", "right"]].set_visible(False)
    fig.suptitle("A sound that changes its timbre after 2 and 4 seconds")
    return fig

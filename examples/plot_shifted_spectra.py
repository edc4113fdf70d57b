"""
Which classifiers still work after a shift?
===========================================

Eight kinds of radio signal differ in the shape of their power spectral density. All
training signals lie at the center of the frequency axis. In use the same shapes turn up
anywhere. Which classifiers still know them?

``python examples/plot_shifted_spectra.py shifted_spectra.png`` prints the table below
and writes the figure to the file ``shifted_spectra.png``. Without a file name it opens
the figure in a window.
"""

# %%
# Eight shapes, 0 to 20 dB above the noise: 800 training signals at the center, 400 test
# signals there and 400 shifted by 12 to 42 % of the axis.

import sys
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    make_baselines,
)
from sk_psd.datasets import make_shift_benchmark
from sk_psd.plotting import line_styles

data = make_shift_benchmark("standard8", n_train=800, n_test=400, n_freqs=512)

# %%
# From signal to spectrum: complex signals have two-sided spectra, whose axis is a
# circle. Without detrending the shape is the same wherever it lies. These signals have
# no offset; beside the spike of a receiver at 0 Hz, `detrend="constant"` is right.

psd = WelchPSD(
    nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
)
nets = {
    "flatten net": FlattenCNNClassifier(random_state=0),
    "global-pooling net": GlobalPoolCNNClassifier(random_state=0),
}
models = make_baselines(psd) | {
    name: make_pipeline(clone(psd), MinMaxScale(), net) for name, net in nets.items()
}

# %%
# Train every model on the centered signals only.

accuracy = {}
print("Accuracy on test signals at the center, as in training, and on shifted ones.")
print(f"A model that fails falls to chance, {1 / 8:.3f}. This takes about a minute.")
print(f"{'':22} {'centered':>8} {'shifted':>8} {'seconds':>8}")
for name, model in models.items():
    start = time.perf_counter()
    model.fit(data.X_train, data.y_train)
    accuracy[name] = [model.score(*data.test[s]) for s in ("centered", "shifted")]
    seconds = time.perf_counter() - start
    scores = "".join(f"{score:9.3f}" for score in accuracy[name])
    print(f"{name:22}{scores} {seconds:8.1f}", flush=True)

# %%
# Left: signals of four of the eight shapes, at the center and elsewhere. Right: the
# accuracy at the center and after the shift.

SHAPES = {
    "am": "carrier and\nsidebands",
    "fmsine": "comb of\nlines",
    "qpsk": "QPSK",
    "twohump": "two humps",
}
NAMES = {
    "logreg_fft": "logistic regression,\nFFT of the signal",
    "logreg_psd": "logistic regression,\nspectrum",
    "flatten net": "net with a linear layer",
    "logreg_fft_of_psd": "logistic regression,\nFFT of the spectrum",
    "logreg_aligned_psd": "logistic regression,\nspectrum at its peak",
    "global-pooling net": "net with a global pool",
}
GRAY, BLUE, ORANGE = "0.6", *(style["color"] for style in line_styles(2))

fig = plt.figure(figsize=(11, 5), layout="constrained")
fig.suptitle("A model that learns positions fails after a shift")
left, right = fig.subfigures(1, 2, width_ratios=[1, 1.35])
scale = make_pipeline(psd, MinMaxScale())
freqs = psd.fit(data.X_train).freqs_
for ax, (shape, title) in zip(
    left.subplots(4, 1, sharex=True), SHAPES.items(), strict=True
):
    for name, color in [("centered", GRAY), ("shifted", BLUE)]:
        X, y = data.test[name]
        spectra = scale.fit_transform(X[y == shape])
        clearest = spectra.mean(axis=1).argmin()
        ax.plot(freqs, spectra[clearest], color=color, lw=0.8, label=name)
    ax.set(yticks=[], ylim=(-0.1, 1.1), xlim=(-0.5, 0.5))
    ax.set_ylabel(title, rotation=0, ha="right", va="center")
    ax.spines[["top", "right", "left"]].set_visible(False)
left.axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
left.axes[-1].set_xlabel("frequency / sampling frequency")
left.supylabel("power (dB, scaled)", fontsize="medium")

ax = right.subplots()
names = [name for name in NAMES if name in accuracy]
rows = np.arange(len(names)) + 0.7 * (np.arange(len(names)) > 2)  # a gap
for offset, column, label in [(0.2, 0, "centered"), (-0.2, 1, "shifted")]:
    values = [accuracy[name][column] for name in names]
    colors = [GRAY if column == 0 else BLUE] * len(names)
    if column == 1:
        colors[-1] = ORANGE
    bars = ax.barh(rows + offset, values, 0.38, color=colors, label=label)
    ax.bar_label(bars, fmt=" %.2f", fontsize="small")
ax.axvline(1 / 8, color="0.3", lw=0.9, ls=":")
ax.text(1 / 8, rows[-1] + 0.5, " chance", fontsize="small", va="bottom", color="0.3")
ax.set(yticks=rows, xlim=(0, 1), xlabel="accuracy")
ax.set_yticklabels([NAMES[name] for name in names])
for row, text in [(rows[2], "bound to positions"), (rows[-1], "invariant to shifts")]:
    ax.text(1, row + 0.45, text, ha="right", va="bottom", style="italic")
ax.spines[["top", "right"]].set_visible(False)
right.suptitle("centered (gray) and shifted (colored) test signals", fontsize="medium")

# %%
# What learns a weight for every position is lost as soon as the shape moves. The
# invariant descriptions (the FFT magnitude of the spectrum, the spectrum rolled to its
# peak) keep what they had; the net that pools over the whole axis knows more and keeps
# it too.

if len(sys.argv) > 1:
    fig.savefig(sys.argv[1], dpi=120)
    print(
        f"The figure is in {sys.argv[1]}. Its gray bars are the first column of scores."
    )
else:
    plt.show()

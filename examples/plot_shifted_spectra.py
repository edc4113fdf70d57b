"""
Trained at the center, tested elsewhere
=======================================

Eight kinds of radio signal differ in the shape of their power spectral density. All
training signals lie at the center of the frequency axis. In use the same shapes turn up
anywhere. Which classifiers still know them?
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
print(f"{'':22} {'centered':>8} {'shifted':>8} {'seconds':>8}")
for name, model in models.items():
    start = time.perf_counter()
    model.fit(data.X_train, data.y_train)
    accuracy[name] = [model.score(*data.test[s]) for s in ("centered", "shifted")]
    seconds = time.perf_counter() - start
    print(f"{name:22} {accuracy[name][0]:8.3f} {accuracy[name][1]:8.3f} {seconds:8.1f}")

# %%
# Left: one signal of each of four shapes, centered and shifted. Right: what became of
# the accuracy.

fig = plt.figure(figsize=(11, 5), layout="constrained")
left, right = fig.subfigures(1, 2, width_ratios=[1, 1.35])
scale = make_pipeline(psd, MinMaxScale())
freqs = psd.fit(data.X_train).freqs_
for ax, shape in zip(
    left.subplots(4, 1, sharex=True), ["am", "fmsine", "qpsk", "twohump"], strict=True
):
    for name, color in [("centered", "0.6"), ("shifted", "tab:blue")]:
        X, y = data.test[name]
        spectra = scale.fit_transform(X[y == shape])
        clearest = spectra.mean(axis=1).argmin()
        ax.plot(freqs, spectra[clearest], color=color, lw=0.8)
    ax.set(yticks=[], ylim=(-0.1, 1.1))
    ax.set_ylabel(shape, rotation=0, ha="right", va="center")
    ax.spines[["top", "right", "left"]].set_visible(False)
left.axes[-1].set_xlabel("frequency / sampling frequency")
left.suptitle("Shapes at the center (gray) and elsewhere (blue)")

ax = right.subplots()
rows = np.arange(len(accuracy))
for offset, column, color in [(0.2, 0, "0.6"), (-0.2, 1, "tab:blue")]:
    values = [row[column] for row in accuracy.values()]
    bars = ax.barh(rows + offset, values, 0.38, color=color)
    ax.bar_label(bars, fmt=" %.2f", fontsize="small")
ax.axvline(1 / 8, color="k", lw=0.8, ls=":")
ax.text(1 / 8, len(rows) - 0.45, " chance", fontsize="small", va="bottom")
ax.set(yticks=rows, xlim=(0, 1.1), xlabel="accuracy")
ax.set_yticklabels([name.replace("_", " ") for name in accuracy])
ax.spines[["top", "right"]].set_visible(False)
right.suptitle("Accuracy there, after training at the center")

# %%
# What learns a weight for every position is lost as soon as the shape moves. The
# invariant descriptions (the FFT magnitude of the spectrum, the spectrum rolled to its
# peak) keep what they had; the net that pools over the whole axis knows more and keeps
# it too.

if len(sys.argv) > 1:
    fig.savefig(sys.argv[1], dpi=120)
else:
    plt.show()

"""
Why does a net fail on shifted signals?
=======================================

A convolution finds a shape at any position. Yet many convolutional nets fail when the
shape moves. The figures follow one spectrum through two nets, at the place of the
training signals and at another place. They show the layer that loses the signal.
"""

# %%
# The data are complex signals of eight shapes. All training signals lie at the center
# of the axis. `FlattenCNNClassifier` is the net of many tutorials: a convolution of 64
# filters of 128 bins, a max pool over 16 bins, and a linear layer over all positions.
# `GlobalPoolCNNClassifier` passes only the maximum and the mean of each map to its
# linear layer. ``invariance="approximate"`` leaves out the roll of each spectrum to a
# fixed place, to show the pool alone.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FeatureMapDisplay,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
)
from sk_psd.datasets import make_shift_benchmark
from sk_psd.inspection import shift_rows

data = make_shift_benchmark("standard8", n_train=600, n_test=200, n_freqs=512)
FS = 1e6  # Hz
psd = WelchPSD(
    FS, nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
)
nets = {
    "linear layer": FlattenCNNClassifier(max_epochs=15, random_state=0),
    "global pool": GlobalPoolCNNClassifier(
        invariance="approximate", max_epochs=25, random_state=0
    ),
}
models = {name: make_pipeline(psd, MinMaxScale(), net) for name, net in nets.items()}
print(f"{'accuracy':14} {'centered':>8} {'shifted':>8}")
for name, model in models.items():
    model.fit(data.X_train, data.y_train)
    scores = [model.score(*data.test[place]) for place in ("centered", "shifted")]
    print(f"{name:14} {scores[0]:8.3f} {scores[1]:8.3f}")

# %%
# One signal with a flat band ("rect") that both nets recognize at the center, and the
# same signal mixed to another frequency.

X, y = data.test["centered"]
right = np.all([model.predict(X) == y for model in models.values()], axis=0)
rows = np.flatnonzero(right & (y == "rect"))
clearest = models["global pool"][:-1].transform(X[rows]).mean(axis=1).argmin()
sample = int(rows[clearest])
options = dict(sample=sample, shifts=[0, 0.2], names=["where it was trained", "moved"])

display = FeatureMapDisplay.from_estimator(models["linear layer"], X, **options)
display.figure_.suptitle("A linear layer has a weight for each position")
# sphinx_gallery_thumbnail_path = "_static/moving_picture.png"

# %%
# The kernel (row 2) finds the band at its new place, and the map (row 3) moves with the
# band. So the convolution does not fail. But the weights (row 4) stay: they were
# learned at the place of the training signals. The map is multiplied by other weights
# (row 5), and most of the evidence of all channels (row 6) is lost. The max pool before
# the linear layer does not help: it tolerates shifts within its 16 bins, but not a
# shift by a fifth of the axis.

display = FeatureMapDisplay.from_estimator(models["global pool"], X, **options)
display.figure_.suptitle("A global pool keeps values, not their positions")

# %%
# With a global pool the weights follow the maximum. The evidence moves with the signal,
# and its sum changes little. The default ``invariance="exact"`` removes the last
# difference, which is due to the strides of the convolutions. The probabilities of both
# nets for this signal:

for name, model in models.items():
    moved = shift_rows(model, X[[sample]], 0.2)
    for place, signal in [("centered", X[[sample]]), ("moved", moved)]:
        proba = model.predict_proba(signal)[0]
        label = model.classes_[proba.argmax()]
        print(f"{name:14} {place:9} {label:8} with probability {proba.max():.4f}")

plt.show()

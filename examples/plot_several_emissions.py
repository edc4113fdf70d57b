"""
Where in the band does each of several emissions lie?
=====================================================

A receiver gets several emissions at once. A net with several labels for each signal
predicts the kinds of emissions. The evidence for each kind shows its frequency,
although the training data have no frequencies.
"""

# %%
# The signals have one to three emissions of four shapes at any place on an axis of 1
# MHz, 5 to 20 dB above the noise. The labels are an indicator matrix with a column for
# each shape. They name the shapes in a signal, but not their frequencies.

import matplotlib.pyplot as plt
import numpy as np

from sk_psd import ActivationMapDisplay, make_spectrum_classifier
from sk_psd.datasets import make_spectral_mixtures
from sk_psd.inspection import locate

FS = 1e6
options = dict(fs=FS, n_times=2048, return_X_y=False)
train = make_spectral_mixtures(800, random_state=0, **options)
test = make_spectral_mixtures(200, random_state=1, **options)
model = make_spectrum_classifier(fs=FS, nperseg=256, random_state=0)
model.set_params(net__max_epochs=40).fit(train.X, train.y)

found = model.predict(test.X)
for name, truth, said in zip(test.target_names, test.y.T, found.T, strict=True):
    hits = (truth * said).sum()
    print(
        f"{name:8} recall {hits / truth.sum():.2f}, precision {hits / said.sum():.2f}"
    )

# %%
# A signal of three emissions with correct predictions, and the evidence for each
# emission. The true band is gray.

apart = np.ptp(np.nan_to_num(test.bands).mean(axis=2), axis=1)
sample = int(
    np.argmax((found == test.y).all(axis=1) * (test.y.sum(axis=1) == 3) * apart)
)
shapes = np.flatnonzero(found[sample])
display = ActivationMapDisplay.from_estimator(
    model, test.X, samples=[sample] * len(shapes), target=shapes
)
for shape, column in zip(shapes, display.axes_.T, strict=True):
    column[0].set_title(f'evidence for "{test.target_names[shape]}"')
    low, high = test.bands[sample, shape]
    bands = [(low, high)] if low < high else [(low, FS / 2), (-FS / 2, high)]
    for ax in column:
        for band in bands:
            ax.axvspan(*band, color="0.85", zorder=-1)

# %%
# `locate` turns the evidence for each predicted shape into a band, for all test signals
# at once. For comparison, the strongest bin of a spectrum is the same for all shapes.
# It can be right for one of the emissions only.

place = locate(model, test.X)
hit = (found == 1) & (test.y == 1)
low, high = test.bands[..., 0], test.bands[..., 1]
width = (high - low) % FS
center = low + width / 2


def distance(freqs):
    """Return distances of frequencies from the true centers, on the circular axis."""
    return np.abs((freqs - center + FS / 2) % FS - FS / 2)


psd = model[:1].transform(test.X)
strongest = model[0].freqs_[psd.argmax(axis=1)][:, None]
for name, freqs in [("evidence", place.center_freq), ("strongest bin", strongest)]:
    errors = distance(freqs)[hit]
    inside = np.mean(errors < width[hit] / 2)
    print(
        f"{name:14} median error {np.median(errors) / 1e3:6.1f} kHz, "
        f"inside of the true band in {inside:.0%}"
    )

plt.show()

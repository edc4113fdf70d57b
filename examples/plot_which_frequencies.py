"""
Which frequencies decided the prediction?
=========================================

A net tells faulty bearings from healthy ones. It may recognize the fault, or another
difference between the recordings. The evidence at each frequency shows which.
"""

# %%
# The vibrations are made: half a second each, sampled at 12 kHz. A healthy machine has
# the harmonics of its shaft and noise. A faulty bearing adds a knock at each passage of
# a roller, 107 times in a second. Each knock excites a resonance in the band from 2.6
# to 3.4 kHz. Some recordings also have the whistle of an inverter at 4.8 kHz, which has
# nothing to do with bearings.

import matplotlib.pyplot as plt
import numpy as np

from sk_psd import ActivationMapDisplay, PSDDisplay, make_spectrum_classifier
from sk_psd.inspection import locate

FS, N_TIMES, BAND, WHISTLE = 12000, 6000, (2600, 3400), 4800
t = np.arange(N_TIMES) / FS


def vibration(rng, is_faulty, has_whistle):
    """Return one acceleration signal, in g."""
    shaft = rng.uniform(24, 30)
    turns = np.outer(np.arange(1, 6), t * shaft) + rng.uniform(size=(5, 1))
    x = 0.1 * np.sin(2 * np.pi * turns).sum(axis=0)
    x += 0.1 * rng.standard_normal(N_TIMES)
    if is_faulty:
        knocks = np.zeros(N_TIMES)
        times = np.arange(0, 0.5, 1 / 107) + 5e-4 * rng.random(54)
        knocks[(times[times < 0.5] * FS).astype(int)] = rng.uniform(0.09, 0.13)
        decay = np.exp(-900 * t[:200])
        ringing = np.sin(2 * np.pi * rng.uniform(2900, 3100) * t[:200]) * decay
        x += np.convolve(knocks, ringing)[:N_TIMES]
    if has_whistle:
        x += 0.15 * np.sin(2 * np.pi * (rng.uniform(4750, 4850) * t + rng.random()))
    return x


def make_recordings(n, seed, whistles):
    """Return recordings and labels. `whistles` names those with the inverter on."""
    rng = np.random.default_rng(seed)
    faulty = np.arange(n) % 2 == 1
    on = {"faulty": faulty, "random": rng.random(n) < 0.5, "none": np.zeros(n, bool)}
    X = [vibration(rng, *flags) for flags in zip(faulty, on[whistles], strict=True)]
    return np.array(X), np.where(faulty, "faulty", "healthy")


# %%
# In the first set all faulty bearings were recorded on the test bench with the
# inverter, and all healthy ones elsewhere. In the second set the inverter was on in
# half of the recordings of each class.

sets = {kind: make_recordings(300, 0, kind) for kind in ("faulty", "random")}
models = {}
for kind, (X, y) in sets.items():
    model = make_spectrum_classifier("one-sided", fs=FS, random_state=0)
    models[kind] = model.set_params(net__max_epochs=20).fit(X, y)

display = PSDDisplay.from_estimator(models["faulty"], *sets["faulty"])
display.ax_.set_title("The classes of the first set differ in two bands")

# %%
# On recordings like those of its training, the first net has the higher accuracy. On
# recordings without the whistle it has the lower one.

print(f"{'trained with whistles':22} {'same':>6} {'no whistle':>11}")
for kind, model in models.items():
    same = model.score(*make_recordings(200, 1, kind))
    without = model.score(*make_recordings(200, 2, "none"))
    print(f"{kind:22} {same:6.2f} {without:11.2f}")

# %%
# The evidence shows the reason, without recordings of another kind. Below the spectrum
# of one faulty bearing is the evidence for "faulty". The resonance lies in the gray
# band. For the first net the whistle is evidence of a fault as well. For the second net
# only the resonance is.

X, y = make_recordings(2, 3, "faulty")
figure, axes = plt.subplots(
    2, 2, figsize=(9, 4.6), sharex=True, sharey="row", layout="constrained"
)
for (kind, model), column in zip(models.items(), axes.T, strict=True):
    display = ActivationMapDisplay.from_estimator(
        model, X, samples=[1], target="faulty", axes=column
    )
    for ax in column:
        ax.axvspan(*BAND, color="0.8", zorder=-1)
    column[0].set_title(
        {
            "faulty": "whistle in faulty recordings only",
            "random": "whistle in half of each class",
        }[kind]
    )
# sphinx_gallery_thumbnail_number = 2

# %%
# `locate` turns the evidence into a band in Hz, for many recordings at once.

X, y = make_recordings(80, 4, "faulty")
for kind, model in models.items():
    place = locate(model, X[y == "faulty"], target="faulty")
    low, high = np.nanmedian(place.low), np.nanmedian(place.high)
    inside = np.mean((place.center_freq > BAND[0]) & (place.center_freq < BAND[1]))
    print(
        f"{kind:8} median band {low:.0f} to {high:.0f} Hz, "
        f"center inside of the resonance in {inside:.0%}"
    )

plt.show()

"""
How is a sound recognized at another pitch?
===========================================

The harmonics of a sound lie at multiples of its pitch, and so do the lines of a machine
at multiples of its speed. Another pitch multiplies all frequencies: it stretches the
spectrum, which no shift makes good. On a logarithmic axis a factor is a distance, and
the stretch becomes a shift.
"""

# %%
# Six timbres, 0 to 20 dB above the noise. All 600 training sounds have a pitch of 160
# to 224 Hz; the test sounds are up to an octave higher or lower.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sk_psd import (
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    ScoreCurveDisplay,
    WelchPSD,
    make_baselines,
)
from sk_psd.datasets import make_harmonic_sounds
from sk_psd.plotting import line_styles

FS, PITCH = 16000, np.array([160, 224])
X, y = make_harmonic_sounds(600, f0=tuple(PITCH), fs=FS, random_state=0)
factors = {"1/2": 1 / 2, "2/3": 2 / 3, "1": 1, "3/2": 3 / 2, "2": 2}
tests = {
    name: make_harmonic_sounds(300, f0=tuple(factor * PITCH), fs=FS, random_state=seed)
    for seed, (name, factor) in enumerate(factors.items(), start=1)
}

# %%
# A net on each axis, and on the logarithmic one two baselines: a position-bound one and
# the stronger of the invariant ones. The net's first kernel sees 32 bins on both axes;
# on the shorter, logarithmic one all kernels do, so that several harmonics fit in. Both
# axes end, hence the padding with zeros.

psd = WelchPSD(fs=FS, nperseg=4096, decibels=True)
log_psd = make_pipeline(psd, LogFrequency(512, fs=FS))
net = dict(padding_mode="zeros", max_epochs=40, random_state=0)
log_net = dict(kernel_size=32, stride=(4, 2, 2), **net)
models = {
    "linear axis, net": make_pipeline(
        psd, MinMaxScale(), GlobalPoolCNNClassifier(**net)
    ),
    "log axis, position-bound": make_baselines(log_psd)["logreg_psd"],
    "log axis, invariant baseline": make_baselines(log_psd)["logreg_fft_of_psd"],
    "log axis, net": make_pipeline(
        log_psd, MinMaxScale(), GlobalPoolCNNClassifier(**log_net)
    ),
}
accuracy = {}
print(f"{'pitch times':30}" + "".join(f"{name:>7}" for name in tests))
for name, model in models.items():
    model.fit(X, y)
    accuracy[name] = [model.score(*test) for test in tests.values()]
    print(f"{name:30}" + "".join(f"{value:7.3f}" for value in accuracy[name]))

# %%
# Left: one timbre, every third harmonic missing, at two pitches an octave apart. Right:
# what becomes of the accuracy.

quiet = dict(timbres=["gapped"], gain_jitter=0, snr_db=20, fs=FS, random_state=0)
gray, blue = "0.5", line_styles(1)[0]["color"]
fig = plt.figure(figsize=(11, 5), layout="constrained")
left, right = fig.subfigures(1, 2, width_ratios=[1.1, 1])
axes = left.subplots(2, 1)
for f0, color, height in [(160, gray, 0), (320, blue, 60)]:
    sound, _ = make_harmonic_sounds(1, f0=f0, **quiet)
    linear = psd.fit_transform(sound)[0]
    logarithmic = log_psd.fit_transform(sound)[0]
    for ax, spectrum, freqs in [
        (axes[0], linear, psd.freqs_),
        (axes[1], logarithmic, log_psd[-1].freqs_),
    ]:
        ax.plot(freqs, spectrum - spectrum.max() + height, color=color, lw=0.9)
titles = "linear axis: stretched", "logarithmic axis: shifted by one octave"
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title, ylabel="power (dB, moved)", ylim=(-60, 85), yticks=[])
    ax.spines[["top", "right"]].set_visible(False)
    for harmonic in (1, 2, 4):  # the third one is missing
        ax.annotate(
            "",
            (harmonic * 320, 68),
            (harmonic * 160, 68),
            arrowprops=dict(arrowstyle="->", shrinkA=0, shrinkB=0),
        )
axes[0].set_xlim(0, 4000)
octaves = 125 * 2 ** np.arange(6)
axes[1].set(xscale="log", xlim=(80, 4000), xlabel="frequency (Hz)")
axes[1].set_xticks(octaves, octaves)
axes[1].set_xticks([], minor=True)
left.suptitle("A sound at 160 Hz (gray) and at 320 Hz (blue)")

display = ScoreCurveDisplay.from_scores(
    np.log2(list(factors.values())),
    accuracy,
    value_name="pitch / pitch of the training, on a logarithmic axis",
    chance=1 / 6,
    ax=right.subplots(),
)
display.ax_.set_xticks(display.values, list(factors))
display.ax_.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
right.suptitle("Accuracy at other pitches")

# %%
# It takes both: the logarithmic axis, on which the shape of a timbre is the same at
# every pitch, and a model that is invariant to shifts along the axis. The net on the
# linear axis lacks the first, the model bound to positions the second. The arrows in
# the left figure show the same change of pitch: on the logarithmic axis all of them
# have the same length. There the peaks get wider towards low frequencies, as the bins
# of the Welch spectrum are equally wide in Hz.

plt.show()

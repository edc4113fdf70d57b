"""
Which axis should batch norm normalize?
=======================================

A batch norm inside a net for images has one mean and one variance for each channel. A
spectrogram is an image whose axes mean something, so there are two more choices, which
:class:`~sk_psd.SpectrogramCNNClassifier` calls `norm_axis`:

- "channel" (Keras: ``axis=-1``): one pair of numbers for each feature map. Assumes that
  a feature means the same at every frequency and at every time.
- "frequency" (``axis=2``): one for each band, over all feature maps and all times.
  Assumes that the level of a band is the same *in all recordings*.
- "time" (``axis=1``): one for each frame. Assumes that the level changes with time *in
  the same way in all recordings*.

Here four kinds of calls are recorded by five microphones of different color. Each
microphone is left out in turn, and a grid search asks whether the axis matters.
"""

# %%
# Calls and microphones
# ---------------------
# Each call has its own pitch, starts at its own time, and lies in noise. A microphone
# is a random filter, the same for all of its recordings.

import matplotlib.pyplot as plt
import numpy as np
from scipy import signal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_psd import MinMaxScale, Spectrogram, SpectrogramCNNClassifier

FS, N_TIMES, N_CALLS, N_MICROPHONES = 8000, 2048, 200, 5
KINDS = ["rising", "falling", "warbling", "stepping"]
rng = np.random.default_rng(0)


def make_call(kind):
    """A tone whose frequency follows one of four courses for 0.2 s."""
    x = np.linspace(0, 1, int(0.2 * FS))
    course = {
        "rising": x - 0.5,
        "falling": 0.5 - x,
        "warbling": 0.5 * np.sin(2 * np.pi * 4 * x),
        "stepping": np.sign(np.sin(2 * np.pi * 2 * x)) / 2,
    }[kind]
    hertz = rng.uniform(1000, 3000) + rng.uniform(300, 900) * course
    call = np.zeros(N_TIMES)
    start = rng.integers(0, N_TIMES - len(x))
    tone = np.sin(2 * np.pi * np.cumsum(hertz) / FS)
    call[start : start + len(x)] = tone * np.hanning(len(x))
    return call + 0.7 * rng.standard_normal(N_TIMES)


y = np.array(KINDS * (N_CALLS // 4))
microphone = np.arange(N_CALLS) // 4 % N_MICROPHONES
colors = rng.normal(size=(N_MICROPHONES, 24)) * 0.8 ** np.arange(24)
X = np.array(
    [
        signal.lfilter(colors[m], 1, make_call(kind))
        for kind, m in zip(y, microphone, strict=True)
    ]
)

# %%
# The search
# ----------
# The pipeline goes from signals to classes, so each fold starts from scratch.

pipe = make_pipeline(
    Spectrogram(fs=FS, nperseg=128, noverlap=32, decibels=True),
    MinMaxScale(per="spectrogram"),
    SpectrogramCNNClassifier((8, 16, 32), max_epochs=40, random_state=0),
)
axes = ["channel", "frequency", "time", None]
search = GridSearchCV(
    pipe,
    {"spectrogramcnnclassifier__norm_axis": axes},
    cv=GroupKFold(N_MICROPHONES),
    n_jobs=2,
).fit(X, y, groups=microphone)

linear = make_pipeline(
    *(step for _, step in pipe.steps[:-1]),
    FunctionTransformer(lambda S: S.reshape(len(S), -1)),
    StandardScaler(),
    LogisticRegression(C=0.01),
)
baseline = cross_val_score(
    linear, X, y, groups=microphone, cv=GroupKFold(N_MICROPHONES)
)

folds = np.array(
    [search.cv_results_[f"split{i}_test_score"] for i in range(N_MICROPHONES)]
)
print("accuracy on the microphone that was left out: mean (deviation of the five)")
for name, scores in zip([*axes, "linear"], [*folds.T, baseline], strict=True):
    print(f"{name!s:10} {scores.mean():.3f} ({scores.std():.3f})")

# %%
# The answer in numbers
# ---------------------

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
spectrogram = pipe[0].fit(X)
rows = [
    np.flatnonzero((y == kind) & (microphone == i))[0] for i, kind in enumerate(KINDS)
]
levels = np.concatenate(pipe[:2].fit_transform(X[rows]), axis=1)
seconds = len(KINDS) * N_TIMES / FS
left.imshow(
    levels, origin="lower", aspect="auto", extent=(0, seconds, 0, FS / 2000), vmin=0.4
)
for i, kind in enumerate(KINDS):
    left.axvline(i * N_TIMES / FS, color="white")
    left.text((i + 0.05) * N_TIMES / FS, 3.7, kind, color="white")
left.set(
    xlabel="time (s)", ylabel="frequency (kHz)", title="Four calls, four microphones"
)

places = np.arange(len(axes) + 1)
means = [*folds.mean(axis=0), baseline.mean()]
right.bar(places, means, color=["C0"] * len(axes) + ["C7"], alpha=0.5)
for place, scores in zip(places, [*folds.T, baseline], strict=True):
    right.plot(np.full(N_MICROPHONES, place), scores, "k.")
right.axhline(1 / 4, color="k", lw=0.8, ls=":")
right.set_xticks(places, [*map(str, axes), "linear"])
right.set(
    xlabel="norm_axis",
    ylabel="accuracy",
    ylim=(0, 1.02),
    title="Each dot a microphone left out",
)

# %%
# Compare the means with the spread of the dots before you believe in a winner: the axes
# differ by no more than the microphones do, and none at all is not far behind. What
# matters is the net: the calls lie anywhere, so a linear model is at chance, 1/4. On
# recorded digits, six speakers left out in turn, the axes differ by less than the
# speakers as well, and only "None" falls behind: ``python benchmarks/real_signals.py
# DATA_DIR --only spectrograms``. "channel" is the default because it assumes the least.

plt.show()

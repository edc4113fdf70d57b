"""
How do I get from wav files to a class for each recording?
==========================================================

Recordings come as files: of any length, mono and stereo, at several sampling rates. A
recording is longer than the window that a classifier looks at, and the windows of a
recording resemble each other. So the recording is the sample: it is cut into windows,
its windows vote, and cross-validation never has windows of one recording on both sides.

The script writes its wav files to a temporary folder and deletes them at the end.
``python examples/plot_recordings.py votes.png`` also writes the figure to
``votes.png``.
"""

# %%
# This part makes the files: 48 sounds of six timbres at any pitch of an octave, 1 to 3
# seconds long, as 16-bit wav files of 16 or 44.1 kHz, mono or stereo. Replace it by
# files of your own.

import pathlib
import sys
import tempfile

import matplotlib.pyplot as plt
import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly
from sklearn.model_selection import cross_val_score

from sk_psd import WindowedClassifier, make_spectrum_classifier
from sk_psd.datasets import make_harmonic_sounds
from sk_psd.plotting import line_styles

rng = np.random.default_rng(0)
TIMBRES = ["saw", "square", "steep", "formant", "gapped", "bright"]


def make_sound(timbre, fs, seconds):
    """Return one sound of a random pitch, from -1 to 1."""
    sound, _ = make_harmonic_sounds(
        1,
        n_times=int(fs * seconds),
        timbres=[timbre],
        fs=fs,
        f0=(160, 320),
        snr_db=(0, 10),
        random_state=int(rng.integers(2**31)),
    )
    return sound[0] / abs(sound).max()


folder = tempfile.TemporaryDirectory()
for i in range(48):
    timbre, fs = TIMBRES[i % 6], int(rng.choice([16000, 44100]))
    sound = make_sound(timbre, fs, rng.uniform(1, 3))
    if rng.random() < 0.5:  # two channels, the right one weaker
        sound = np.column_stack([sound, 0.5 * sound])
    path = pathlib.Path(folder.name) / f"{timbre}_{i:02}.wav"
    wavfile.write(path, fs, (30000 * sound).astype(np.int16))

# %%
# From files to a cross-validated score for each recording. Every file becomes one
# channel at one rate. `make_spectrum_classifier` makes the Pipeline for windows of half
# a second, on a logarithmic axis, where another pitch is a shift.


def read_wav(path):
    """Return a wav file as one channel at 16 kHz."""
    fs, sound = wavfile.read(path)
    mono = sound.mean(axis=1) if sound.ndim > 1 else sound.astype(float)
    return resample_poly(mono, 16000, fs)


paths = sorted(pathlib.Path(folder.name).glob("*.wav"))
X = [read_wav(path) for path in paths]
y = [path.stem.split("_")[0] for path in paths]
windows = make_spectrum_classifier("log", fs=16000, nperseg=2048, random_state=0)
windows.set_params(net__max_epochs=10)  # enough here, and quick
model = WindowedClassifier(windows, n_times=8000, step=4000)
scores = cross_val_score(model, X, y, cv=4)
print(f"{len(X)} recordings of {min(map(len, X))} to {max(map(len, X))} samples")
print(
    f"accuracy per recording: {scores.mean():.3f}, folds {scores.min():.3f} to "
    f"{scores.max():.3f}"
)

# %%
# Along a recording: `predict_windows` gives the probabilities of each window, here of a
# sound that changes its timbre twice. The windows around a change hold two timbres.

parts = "saw", "gapped", "square"
changing = np.concatenate([make_sound(timbre, 16000, 2) for timbre in parts])
model.fit(X, y)
times, proba = model.predict_windows(changing, step=800, fs=16000)

fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
styles = dict(zip(parts, line_styles(len(parts)), strict=True))
for name, p in zip(model.classes_, proba.T, strict=True):
    if name in parts:
        ax.plot(times, p, lw=2, label=name, **styles[name])
    else:
        ax.plot(times, p, lw=1, color="0.7")
for i, name in enumerate(parts):
    ax.text(2 * i + 1, 1.04, name, ha="center")
    ax.axvline(2 * i, color="0.5", lw=0.8, ls=":")
ax.set(
    xlim=(0, 6),
    ylim=(0, 1.12),
    xlabel="middle of the window (s)",
    ylabel="probability",
    yticks=[0, 0.5, 1],
)
ax.legend(loc="center right", fontsize="small")
ax.spines[["top", "right"]].set_visible(False)
fig.suptitle("A sound that changes its timbre after 2 and 4 seconds (gray: others)")
folder.cleanup()

if len(sys.argv) > 1:
    fig.savefig(sys.argv[1], dpi=120)
    print(f"The figure is in {sys.argv[1]}.")
plt.show()

"""
Train a classifier of sounds and write it as an ONNX file
=========================================================

Writes ``model.onnx`` and ``sound.wav`` into a folder, for
``classify_wav_with_onnx.py``: ``python train_for_onnx.py FOLDER [MAX_EPOCHS]``
"""

import pathlib
import sys
import wave

import numpy as np

from sk_psd import make_spectrum_classifier
from sk_psd.datasets import make_harmonic_sounds
from sk_psd.export import to_onnx

folder, fs, n_times = pathlib.Path(sys.argv[1]), 16000, 8000
timbres = ("saw", "square", "bright")
sounds = dict(timbres=timbres, n_times=n_times, fs=fs)
X, y = make_harmonic_sounds(300, **sounds, random_state=0)
model = make_spectrum_classifier("log", fs=fs, nperseg=1024, random_state=0)
if len(sys.argv) > 2:
    model.set_params(net__max_epochs=int(sys.argv[2]))
to_onnx(model.fit(X, y), folder / "model.onnx")

# Six other sounds, one after the other, at a higher pitch than those of the training.
X, y = make_harmonic_sounds(6, **sounds, f0=(240, 330), random_state=1)
with wave.open(str(folder / "sound.wav"), "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(fs)
    file.writeframes((X / np.abs(X).max() * 32767).astype("<i2").tobytes())
for i, (label, row) in enumerate(zip(y, model.predict_proba(X), strict=True)):
    predicted = model.classes_[row.argmax()]
    seconds = i * n_times / fs
    print(f"{seconds:6.2f} s  {predicted}  {row.max():.3f}  (the sound is {label})")

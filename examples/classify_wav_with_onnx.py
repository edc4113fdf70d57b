"""
Classify a wav file without torch, scikit-learn and sk_psd
==========================================================

Needs onnxruntime and NumPy. ``train_for_onnx.py`` makes the two files to pass:
``python classify_wav_with_onnx.py model.onnx sound.wav``
"""

import sys
import wave

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1])
facts = session.get_modelmeta().custom_metadata_map  # from sk_psd
n_times, fs = int(facts["n_times"]), float(facts["fs"])
with wave.open(sys.argv[2]) as file:  # 16 bits, the first channel
    if file.getframerate() != fs or file.getsampwidth() != 2:
        sys.exit(f"The file must have 16 bits and {fs:g} samples a second.")
    values = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    sound = values[:: file.getnchannels()] / np.float32(2**15)
if len(sound) < n_times:
    sys.exit(f"The file must have at least {n_times} samples.")
windows = sound[: len(sound) // n_times * n_times].reshape(-1, n_times)
labels, proba = session.run(["labels", "probabilities"], {"X": windows})
for i, (label, row) in enumerate(zip(labels, proba, strict=True)):
    print(f"{i * n_times / fs:6.2f} s  {label}  {row.max():.3f}")

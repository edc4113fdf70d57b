"""Size of ONNX files, and CPU time of one row in onnxruntime beside predict_proba.

    python benchmarks/export.py             # a minute
    python benchmarks/export.py --rounds 9

One process, one thread. The two calls are interleaved, and the figures are medians of
CPU time. The models are trained for three epochs on noise, which changes no time.
"double" is the largest difference of a probability over 64 rows from predict_proba of
the same values in float64, "single" that from predict_proba of float32 values. "moved"
counts the rows that differ from the latter by more than 1e-5. In these rows two
positions of the canonical roll tie, and rounding decides.
"""

import argparse
import statistics
import time

import numpy as np
import onnxruntime
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    Spectrogram,
    SpectrogramCNNClassifier,
    make_spectrum_classifier,
)
from sk_psd.export import to_onnx

N_ROWS = 64


def make_cases():
    """Yield the name of each model, the model and its data."""
    rng = np.random.default_rng(0)

    def rows(*shape):
        return rng.standard_normal((N_ROWS, *shape))

    def signals(n_times):
        X = rows(n_times) + 1j * rows(n_times)
        X[1::2] = np.cumsum(X[1::2], axis=1)
        return X

    def net(**params):
        return GlobalPoolCNNClassifier(random_state=0, device="cpu", **params)

    yield "spectra of 256 bins", net(), rows(256)
    yield "spectra of 1024 bins", net(), rows(1024)
    yield "spectra of 1024 bins, 4 rolls", net(n_rolls=4), rows(1024)
    flat = FlattenCNNClassifier(random_state=0, device="cpu")
    yield "spectra of 1024 bins, FlattenCNN", flat, rows(1024)
    for n_times, nperseg in [(4096, 256), (65536, 1024)]:
        options = dict(fs=1.0, nperseg=nperseg, device="cpu", random_state=0)
        name = f"{n_times} samples, nperseg {nperseg}"
        two_sided = make_spectrum_classifier(**options)
        yield f"complex signals, {name}", two_sided, signals(n_times)
        X = signals(n_times).real
        for axis in ("one-sided", "log"):
            model = make_spectrum_classifier(axis, **options)
            yield f"real signals ({axis}), {name}", model, X
    vote = make_spectrum_classifier(
        "one-sided", fs=1.0, vote=True, device="cpu", random_state=0
    )
    yield "real signals (vote), 4096 samples", vote, signals(4096).real
    spectrogram = make_pipeline(
        Spectrogram(nperseg=256, decibels=True),
        MinMaxScale(per="spectrogram"),
        SpectrogramCNNClassifier(random_state=0, device="cpu"),
    )
    yield "real signals (spectrogram), 16384 samples", spectrogram, signals(16384).real


def compare(model, X, rounds):
    """Return the size of the file, the two times and the two differences."""
    epochs = {k: 3 for k in model.get_params() if k.endswith("max_epochs")}
    model.set_params(**epochs).fit(X, np.arange(len(X)) % 4)
    start = time.process_time()
    graph = to_onnx(model).SerializeToString()
    export = time.process_time() - start
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options)
    is_complex = np.iscomplexobj(X)
    single = X.astype(np.complex64 if is_complex else np.float32)
    rows = np.stack([single.real, single.imag], axis=-1) if is_complex else single

    def run(rows):
        return session.run(["labels", "probabilities"], {"X": rows})

    _, proba = run(rows)
    differences = [
        np.abs(proba - model.predict_proba(values)).max(axis=1)
        for values in (single, single.astype(np.result_type(single, np.float64)))
    ]
    times = {"onnx": [], "python": []}
    for _ in range(rounds):
        for i in range(N_ROWS):
            start = time.process_time()
            run(rows[i : i + 1])
            middle = time.process_time()
            model.predict_proba(single[i : i + 1])
            times["python"].append(time.process_time() - middle)
            times["onnx"].append(middle - start)
    onnx, python = (1e3 * statistics.median(times[key]) for key in ("onnx", "python"))
    return len(graph), onnx, python, differences, 1e3 * export


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    print(
        f"{'model':53} {'file kB':>7} {'onnx ms':>8} {'Python ms':>9} "
        f"{'export ms':>9} {'double':>8} {'single':>8} {'moved':>5}"
    )
    for name, model, X in make_cases():
        size, onnx, python, (single, double), export = compare(model, X, rounds)
        print(
            f"{name:53} {size / 1e3:7.0f} {onnx:8.2f} {python:9.2f} {export:9.0f} "
            f"{double.max():8.0e} {single.max():8.0e} {(single > 1e-5).sum():5}",
            flush=True,
        )


if __name__ == "__main__":
    main()

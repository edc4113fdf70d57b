"""CPU time of one prediction: of a spectrum by a net, of a raw signal by a Pipeline.

    python benchmarks/latency.py            # a minute
    python benchmarks/latency.py --rounds 5

One process, one thread. The calls are interleaved, and the figures are medians. "u" is
the time of a product of two 512 x 512 float32 matrices in the same rounds, to compare
machines and loads. "by hand" is a function with the same steps as the Pipeline, but
without checks, with batch norm folded into the convolutions and with circular padding
by concatenation. "equal labels" is the share of signals for which both predict the same
label. "onnx" is the forward pass of the net by onnxruntime, if onnxruntime and the
exporter of torch (onnxscript) are installed.
"""

import argparse
import io
import statistics
import time

import numpy as np
import torch
from scipy.signal import get_window
from sklearn.pipeline import make_pipeline
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sk_psd import GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd._shift import canonical_roll

# Bins of the spectrum and samples of the signal.
SIZES = [(257, 4096), (1025, 65536), (8193, 131072)]


def fit_pipeline(n_freqs, n_times):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((64, n_times), dtype=np.float32)
    pipeline = make_pipeline(
        WelchPSD(nperseg=2 * (n_freqs - 1), decibels=True),
        MinMaxScale(),
        GlobalPoolCNNClassifier(max_epochs=3, random_state=0, device="cpu"),
    )
    return pipeline.fit(X, np.arange(64) % 4), X


def fold_norms(module):
    """Return the forward pass of a GlobalPoolCNN, with norms folded into its layers."""
    layers = []
    for block in module.features:
        conv = fuse_conv_bn_eval(block.conv, block.norm).requires_grad_(False)
        layers.append((conv.to(memory_format=torch.channels_last), block.padding))

    def forward(x):
        x = x.unsqueeze(2)
        for conv, (before, after) in layers:
            x = torch.cat([x[..., x.shape[-1] - before :], x, x[..., :after]], -1)
            x = F.relu_(conv(x))
        x = x.squeeze(2)
        return module.head(torch.cat([x.amax(-1), x.mean(-1)], 1))

    return forward


def write_by_hand(pipeline):
    """Return a function that maps a signal of shape (1, n_times) to its label."""
    welch, _, net = (step for _, step in pipeline.steps)
    nperseg = welch.nperseg
    window = get_window("hann", nperseg)
    window = torch.from_numpy((window / np.linalg.norm(window)).astype(np.float32))
    range_db = 120 if welch.range_db_ is None else welch.range_db_
    floor, forward = 10 ** (-range_db / 10), fold_norms(net.module_)

    def predict(signal):
        segments = torch.from_numpy(signal).unfold(-1, nperseg, nperseg // 2)[0]
        segments = (segments - segments.mean(-1, keepdim=True)) * window
        parts = torch.view_as_real(torch.fft.rfft(segments)).flatten(-2)
        parts = parts.square_().mean(0)
        powers = parts[0::2] + parts[1::2]
        powers[1:-1] *= 2
        levels = 10 * torch.log10(torch.maximum(powers, powers.max() * floor))
        low, high = torch.aminmax(levels)
        scaled = ((levels - low) / (high - low) - net.mean_) / net.scale_
        logits = forward(canonical_roll(scaled[None, None]))
        return net.classes_[int(logits.argmax())]

    def predict_without_gradients(signal):
        with torch.inference_mode():
            return predict(signal)

    return predict_without_gradients


def export(module, n_freqs):
    """Return the forward pass by onnxruntime, or None if a package is not installed."""
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    file = io.BytesIO()
    torch.onnx.export(module, (torch.zeros(1, 1, n_freqs),), file, input_names=["x"])
    session = onnxruntime.InferenceSession(file.getvalue(), options)
    return lambda rows: session.run(None, {"x": rows})


def measure(calls, rounds, n_calls):
    """Return the CPU seconds of one call in each round, by name."""
    seconds = {name: [] for name in calls}
    for i in range(rounds + 1):
        for name, call in calls.items():
            start = time.process_time()
            for _ in range(n_calls):
                call()
            if i > 0:  # the first round warms up
                seconds[name].append((time.process_time() - start) / n_calls)
    return seconds


def row(n_freqs, n_times, rounds):
    pipeline, X = fit_pipeline(n_freqs, n_times)
    by_hand, net = write_by_hand(pipeline), pipeline[-1]
    spectra, signal = pipeline[:-1].transform(X), X[:1]
    labels = pipeline.predict(X)
    same = np.mean([by_hand(X[i : i + 1]) == labels[i] for i in range(len(X))])
    matrix = torch.randn(512, 512)
    calls = {
        "product": lambda: torch.mm(matrix, matrix),
        "1 row": lambda: net.predict_proba(spectra[:1]),
        "32 rows": lambda: net.predict_proba(spectra[:32]),
        "1 signal": lambda: pipeline.predict(signal),
        "by hand": lambda: by_hand(signal),
    }
    forward = export(net.module_, n_freqs)
    if forward is not None:
        one = spectra[:1, None].astype(np.float32)
        calls["onnx, 1 row"] = lambda: forward(one)
    seconds = measure(calls, rounds, 10)

    def ratio(name, other):
        pairs = zip(seconds[name], seconds[other], strict=True)
        return statistics.median(a / b for a, b in pairs)

    cells = [f"{n_freqs:5} bins, {n_times:6} samples:"]
    for name in calls:
        text = f"{name} {1e6 * statistics.median(seconds[name]):.0f} us"
        cells.append(text + f" ({ratio(name, 'product'):.2f} u)")
    cells.append(f"1 signal / by hand {ratio('1 signal', 'by hand'):.2f}")
    cells.append(f"equal labels {same:.0%}")
    print("  ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for n_freqs, n_times in SIZES:
        row(n_freqs, n_times, args.rounds)


if __name__ == "__main__":
    main()

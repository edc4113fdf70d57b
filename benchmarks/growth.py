"""How time and memory grow with the number of rows, bins and samples.

    python benchmarks/growth.py              # ten minutes
    python benchmarks/growth.py --quick      # shorter axes, two minutes
    python benchmarks/growth.py --only memory tied

One process, one thread. A time is the least CPU time of three calls. An exponent is the
slope of log time over log size: over all sizes, and over the last two sizes. Linear
growth has the exponent 1.

"memory" is the growth of the peak of resident memory in a fit, divided by the size of
X, in a process of its own (Linux only). The first number includes the memory that a
process needs once. The second number is measured after a fit of as many rows of 1024
bins. "tied" is the time of a canonical roll of rows with ties, divided by that of
noise.
"""

import argparse
import math
import multiprocessing
import statistics
import time
from pathlib import Path

import numpy as np
import torch

from sk_psd import (
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    WelchPSD,
)
from sk_psd._shift import canonical_roll, noise_bins

PARTS = ["fit", "predict", "welch", "transformers", "memory", "tied"]


def cpu_seconds(call):
    start = time.process_time()
    call()
    return time.process_time() - start


def grow(name, sizes, make_call):
    """Print the exponents of a call that `make_call` makes for each size."""
    seconds = []
    for size in sizes:
        call = make_call(size)
        call()  # warm up
        seconds.append(min(cpu_seconds(call) for _ in range(3)))
    slopes = [
        math.log(seconds[-1] / seconds[i]) / math.log(sizes[-1] / sizes[i])
        for i in (0, -2)
    ]
    print(
        f"{name:34} {sizes[0]:7} to {sizes[-1]:7}: {seconds[0]:8.4f} to "
        f"{seconds[-1]:8.4f} s, exponent {slopes[0]:.2f}, last {slopes[1]:.2f}",
        flush=True,
    )


def spectra(n_rows, n_freqs):
    return np.random.default_rng(0).random((n_rows, n_freqs), dtype=np.float32)


def labels(n_rows):
    return np.arange(n_rows) % 8


def powers_of_two(first, last):
    return [2**i for i in range(first, last + 1, 2)]


def make_net(kind=GlobalPoolCNNClassifier):
    return kind(max_epochs=2, random_state=0, device="cpu")


def make_fit(n_rows, n_freqs, kind=GlobalPoolCNNClassifier):
    X, y, net = spectra(n_rows, n_freqs), labels(n_rows), make_net(kind)
    return lambda: net.fit(X, y)


def make_predict(n_rows, n_freqs):
    net = make_net().fit(spectra(64, n_freqs), labels(64))
    X = spectra(n_rows, n_freqs)
    return lambda: net.predict_proba(X)


def make_transform(transformer, n_rows, n_features):
    X = spectra(n_rows, n_features)
    return lambda: transformer.fit_transform(X)


def fit_rows(longest):
    grow("fit, rows (256 bins)", powers_of_two(9, 13), lambda n: make_fit(n, 256))
    grow("fit, bins (256 rows)", powers_of_two(8, longest), lambda n: make_fit(256, n))
    grow(
        "fit of FlattenCNN, bins (64 rows)",
        powers_of_two(8, min(longest, 14)),
        lambda n: make_fit(64, n, FlattenCNNClassifier),
    )


def predict_rows(longest):
    grow("predict_proba, rows", powers_of_two(9, 15), lambda n: make_predict(n, 256))
    grow(
        "predict_proba, bins",
        powers_of_two(8, longest),
        lambda n: make_predict(256, n),
    )


def welch_rows(longest):
    welch = WelchPSD(nperseg=256)
    grow(
        "WelchPSD, rows (4096 samples)",
        powers_of_two(8, 14),
        lambda n: make_transform(welch, n, 4096),
    )
    grow(
        "WelchPSD, samples (32 rows)",
        powers_of_two(12, longest + 4),
        lambda n: make_transform(welch, 32, n),
    )
    grow(
        "WelchPSD, nperseg (32 x 262144)",
        powers_of_two(8, longest + 2),
        lambda n: make_transform(WelchPSD(nperseg=n), 32, 2**18),
    )


def transformer_rows(longest):
    bins = powers_of_two(8, longest)
    transformers = {
        "FFTMagnitude": FFTMagnitude(),
        "MinMaxScale": MinMaxScale(),
        "PeakAlign": PeakAlign(),
        "RandomFreqShift, wrap": RandomFreqShift(random_state=0),
        "RandomFreqShift, floor": RandomFreqShift(mode="floor", random_state=0),
    }
    for name, transformer in transformers.items():
        grow(
            f"{name}, bins (256 rows)",
            bins,
            lambda n, transformer=transformer: make_transform(transformer, 256, n),
        )

    def make_noise_bins(n):
        x = torch.from_numpy(spectra(256, n))
        return lambda: noise_bins(x)

    grow("noise_bins, bins (256 rows)", bins, make_noise_bins)


def resident_peak():
    # A new process inherits ru_maxrss from its parent, but not VmHWM.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def growth_of_fit(n_freqs, n_freqs_before, pipe):
    torch.set_num_threads(1)
    make_fit(256, n_freqs_before)()
    X, y, net = spectra(256, n_freqs), labels(256), make_net()
    before = resident_peak()
    net.fit(X, y)
    pipe.send((resident_peak() - before) / X.nbytes)


def memory_rows(longest):
    context = multiprocessing.get_context("spawn")
    for n_freqs in (2**14, 2**16):
        growth = []
        for n_freqs_before in (64, 1024):
            ours, theirs = multiprocessing.Pipe()
            args = n_freqs, n_freqs_before, theirs
            child = context.Process(target=growth_of_fit, args=args)
            child.start()
            growth.append(ours.recv())
            child.join()
        print(
            f"memory: fit of 256 rows of {n_freqs} bins grows by {growth[0]:.2f} times "
            f"the data, {growth[1]:.2f} after one of 1024 bins",
            flush=True,
        )


def tied_rows(longest):
    rng = np.random.default_rng(0)
    for n_freqs in powers_of_two(8, longest):
        noise = torch.from_numpy(spectra(32, n_freqs))
        kinds = {
            "all values equal": torch.ones_like(noise),
            "one line in silence": torch.eye(32, n_freqs),
            "4 levels": torch.from_numpy(rng.integers(4, size=noise.shape)).float(),
            "period of 16 bins": noise[:, :16].repeat(1, n_freqs // 16),
        }
        seconds = {name: [] for name in ["noise", *kinds]}
        for _ in range(6):
            for name, x in {"noise": noise, **kinds}.items():
                seconds[name].append(cpu_seconds(lambda x=x: canonical_roll(x)))
        ratios = {
            name: statistics.median(
                a / b
                for a, b in zip(seconds[name][1:], seconds["noise"][1:], strict=True)
            )
            for name in kinds
        }
        cells = ", ".join(f"{name} {ratio:.1f}" for name, ratio in ratios.items())
        print(f"tied, {n_freqs} bins, times noise: {cells}", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="axes of 4096 at most")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    longest = 12 if args.quick else 16
    rows = fit_rows, predict_rows, welch_rows, transformer_rows, memory_rows, tied_rows
    for part, function in zip(PARTS, rows, strict=True):
        if part in args.only:
            function(longest)


if __name__ == "__main__":
    main()

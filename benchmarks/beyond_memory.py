"""Memory and rates for data larger than memory, and hours for a billion windows.

    python benchmarks/beyond_memory.py  # all parts, half an hour, 4 GB of disk
    python benchmarks/beyond_memory.py --only fit rates  # some parts
    python benchmarks/beyond_memory.py --scale 0.05  # small files, a few minutes

"fit" trains a classifier for one epoch on a mapped file of (200000, 1024) float32
values, 0.8 GB, in a new process. It prints the growth of the peak of the resident
memory from just before `fit`, and of `predict_proba` on the whole file likewise. A fit
on 2000 rows in memory comes first, so that imports do not count. The same follows with
zero weights and a tenth of the rows set aside for early stopping.

"dask" runs examples/beyond_memory.py on a file of 2 GB.

"rates" prints windows in a CPU second of one core, as medians of calls that alternate
in this process with torch at one thread, and the time that a billion windows take. A
window has 1024 complex samples and 256 frequencies, the net is the default one.

Linux only, as the memory is read from /proc.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from sk_psd import GlobalPoolCNNClassifier, make_spectrum_classifier
from sk_psd.datasets import make_spectral_shapes
from sk_psd.signals import from_iq

EXAMPLE = Path(__file__).parents[1] / "examples" / "beyond_memory.py"
N_FREQS = 1024
BATCH_SIZE = 256
BILLION = 10**9
CORES = 32  # of a node in the arithmetic


def peak_memory(reset=False):
    """Return the peak of the resident memory in MB, or the memory now after a reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def make_levels(path, n_rows):
    """Write spectra in dB whose class is the width of a peak, and return the labels."""
    rng, y = np.random.default_rng(0), np.arange(n_rows) % 4
    X = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, N_FREQS))
    for first in range(0, n_rows, 2000):
        rows = y[first : first + 2000]
        levels = rng.normal(-60, 3, (len(rows), N_FREQS))
        for label in range(4):
            levels[rows == label, 400 : 450 + 50 * label] += 20
        X[first : first + 2000] = levels
    X.flush()
    return y


def fit_alone(path, options):
    """Train on a mapped file for one epoch, and print growth and seconds."""
    X = np.load(path, mmap_mode="r")
    y = np.arange(len(X)) % 4
    weights = None
    if options == "stopping":
        weights = np.where(np.arange(len(X)) % 10 == 0, 0.0, 1.0)
    net = GlobalPoolCNNClassifier(
        max_epochs=1,
        batch_size=BATCH_SIZE,
        early_stopping=options == "stopping",
        random_state=0,
        device="cpu",
    )
    net.fit(np.array(X[:2000]), y[:2000])
    before, start = peak_memory(reset=True), time.process_time()
    net.fit(X, y, weights)
    growth, seconds = peak_memory() - before, time.process_time() - start
    before, start = peak_memory(reset=True), time.process_time()
    net.predict_proba(X)
    print(
        f"{path.stat().st_size / 1e6:.0f} MB in {X.shape} {X.dtype}, "
        f"{'defaults' if weights is None else 'weights of 0 and early stopping'}: "
        f"fit grows by {growth:.0f} MB in {seconds:.0f} CPU s, predict_proba by "
        f"{peak_memory() - before:.0f} MB in {time.process_time() - start:.0f} CPU s",
        flush=True,
    )


def fit(folder, scale):
    path = Path(folder) / "levels.npy"
    make_levels(path, round(200_000 * scale))
    for options in ("defaults", "stopping"):
        subprocess.run(
            [sys.executable, __file__, "--alone", str(path), options], check=True
        )
    path.unlink()


def rates(n_windows=4096, repeats=7):
    """Measure each step, and print what a billion windows take."""
    torch.set_num_threads(1)
    signals, y = make_spectral_shapes(n_windows, n_times=1024, random_state=0)
    pairs = np.stack([signals.real, signals.imag], axis=-1)
    pairs = np.round(3000 * pairs / pairs.std()).clip(-32768, 32767).astype(np.int16)
    pipe = make_spectrum_classifier(fs=1.0, nperseg=256, random_state=0)
    pipe.set_params(net__max_epochs=1, net__device="cpu")
    signals = from_iq(pairs)
    pipe.fit(signals, y)
    psd, scale, net = (step for _, step in pipe.steps)
    spectra = psd.transform(signals)
    scaled = scale.transform(spectra)
    steps = {
        "from_iq": lambda: from_iq(pairs),
        "WelchPSD": lambda: psd.transform(signals),
        "MinMaxScale": lambda: scale.transform(spectra),
        "predict_proba": lambda: net.predict_proba(scaled),
        "an epoch of fit": lambda: net.fit(scaled, y),
        "partial_fit": lambda: net.partial_fit(scaled, y),
    }
    seconds = {name: [] for name in steps}
    for _ in range(repeats):
        for name, call in steps.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    seconds = {name: statistics.median(values) for name, values in seconds.items()}
    reading = ("from_iq", "WelchPSD", "MinMaxScale", "predict_proba")
    seconds["all four, to probabilities"] = sum(seconds[name] for name in reading)
    print(
        f"{'step':28s} {'windows/s':>10s} {'hours for 1e9':>14s} "
        f"{f'nodes of {CORES}, one hour':>21s}"
    )
    for name, value in seconds.items():
        rate = n_windows / value
        hours = BILLION / rate / 3600
        print(f"{name:28s} {rate:10.0f} {hours:14.1f} {hours / CORES:21.2f}")
    per_step = seconds["partial_fit"] / (n_windows / net.batch_size)
    print(f"steps of the optimizer: {1 / per_step:.0f}/s of {net.batch_size} windows")
    per_window = {
        "samples, int16 I and Q": 4 * 1024,
        "spectra, float32": 4 * len(psd.freqs_),
        "probabilities, float64": 8 * len(net.classes_),
    }
    for name, n_bytes in per_window.items():
        print(f"a billion windows of {name}: {n_bytes * BILLION / 1e12:.2f} TB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parts = ["rates", "fit", "dask"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--scale", type=float, default=1.0, help="of the files")
    parser.add_argument("--folder", help="for the files; a temporary one by default")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.alone:
        fit_alone(Path(args.alone[0]), args.alone[1])
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        if "rates" in args.only:
            rates()
        if "fit" in args.only:
            fit(folder, args.scale)
        if "dask" in args.only:
            command = [sys.executable, "-u", str(EXAMPLE), "--folder", folder]
            subprocess.run([*command, "--gigabytes", str(2 * args.scale)], check=True)


if __name__ == "__main__":
    main()

"""Welch, training and prediction on a CUDA device, by hand, and on the CPU.

    python benchmarks/gpu.py            # a few minutes, on a CUDA device
    python benchmarks/gpu.py --cpu      # the columns of the CPU only, on any machine
    python benchmarks/gpu.py --quick    # small data

One process. The calls of a row are interleaved, and the host waits for the device
before and after each call. The figures are medians of wall times in milliseconds.
"ours" is sk_psd, and "hand" is the same by torch alone: torch.stft for Welch, and for
the net the loop of benchmarks/training.py with the same net, batches, shifts and
schedule. "pinned" is our training where the data lie on the host and each batch is
copied from pinned memory. The data of Welch lie on the device, those of training and
prediction on the host. On the CPU torch has as many threads as it takes by default.
Our trainings there use one. "read" is the CPU time in which the host reads and scales a
batch before its copy. Every other row ends with the median of the ratios to the
hand-written torch of the same device and, on CUDA, of the CPU to the device.
"""

import argparse
import os
import statistics
import time
import warnings
from contextlib import contextmanager

# scipy reads the variable when it is first imported.
os.environ["SCIPY_ARRAY_API"] = "1"

import numpy as np
import torch
from sklearn import config_context
from training import Loop, make_data
from welch import make_noise, with_stft

from sk_psd import GlobalPoolCNNClassifier, WelchPSD, _training_rows
from sk_psd._standardize import standardize_when_read
from sk_psd._training_rows import HostRows

CPU = torch.device("cpu")
PRECISIONS = ("float32", "bf16")


@contextmanager
def no_room(active):
    """Run the body as if the device had no room for the training data."""
    before = _training_rows.fits_on_device
    if active:
        _training_rows.fits_on_device = lambda n_bytes, device: False
    try:
        yield
    finally:
        _training_rows.fits_on_device = before


def wait():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure(calls, rounds, clock=time.perf_counter):
    """Return the times of each call in milliseconds, all called in turn."""
    times = {name: [] for name in calls}
    for i in range(rounds + 1):
        for name, call in calls.items():
            wait()
            start = clock()
            call()
            wait()
            if i > 0:  # the first round warms up
                times[name].append(1e3 * (clock() - start))
    return times


def print_row(title, calls, rounds):
    """Measure the calls, whose names are pairs (variant, device), and print a line."""
    times = measure(calls, rounds)

    def ratio(name, other):
        pairs = zip(times[name], times[other], strict=True)
        return statistics.median(one / two for one, two in pairs)

    words = [
        f"{variant} {device} {statistics.median(values):.1f}"
        for (variant, device), values in times.items()
    ]
    for device in dict.fromkeys(device for _, device in times):
        words.append(
            f"ours/hand {device} {ratio(('ours', device), ('hand', device)):.2f}"
        )
    if ("ours", "cuda") in times and ("ours", "cpu") in times:
        words.append(f"cpu/cuda {ratio(('ours', 'cpu'), ('ours', 'cuda')):.1f}")
    print(f"{title:34s}", "  ".join(words), flush=True)


def welch_row(devices, n_rows, n_times, nperseg, rounds):
    X = make_noise((n_rows, n_times), np.float32)
    psd = WelchPSD(nperseg=nperseg).fit(X[:2])
    calls = {}
    for device in devices:
        x = torch.from_numpy(X).to(device)
        calls["ours", device] = lambda x=x: psd.transform(x)
        calls["hand", device] = lambda x=x: with_stft(x, nperseg)
    print_row(f"welch {n_rows} x {n_times}", calls, rounds)


def make_ours(device, precision, batch_size, epochs):
    return GlobalPoolCNNClassifier(
        device=device,
        precision=precision,
        batch_size=batch_size,
        max_epochs=epochs,
        random_state=0,
    )


def training_row(devices, data, batch_size, epochs, precision, rounds):
    X, y = data

    def fit(device, pinned=False):
        with no_room(pinned):
            make_ours(device, precision, batch_size, epochs).fit(X, y)

    def by_hand(device):
        half = precision == "bf16"
        Loop(X.shape[1], batch_size, epochs, autocast=half, device=device).fit(X, y)

    calls = {}
    for device in devices:
        calls["ours", device] = lambda device=device: fit(device)
        calls["hand", device] = lambda device=device: by_hand(device)
    if "cuda" in devices:
        calls["pinned", "cuda"] = lambda: fit("cuda", pinned=True)
    title = f"fit {len(X)} x {X.shape[1]}, batch {batch_size}, {precision}"
    print_row(title, calls, rounds)


def reading_row(data, batch_size, rounds):
    """Print the time in which the host reads and scales one batch of random rows."""
    X = data[0][:, None]
    rows = HostRows(standardize_when_read(X, 0.5, 0.3, CPU), CPU)
    batches = torch.randperm(len(X)).split(batch_size)[: 2**12 // batch_size]

    def read():
        for batch in batches:
            rows[batch]

    times = measure({"read": read}, rounds, time.process_time)["read"]
    title = f"read {batch_size} x {X.shape[-1]} on the host"
    print(f"{title:34s} {statistics.median(times) / len(batches):.3f}", flush=True)


def prediction_row(devices, data, rounds):
    X, y = data
    few, calls = slice(0, 256), {}
    for device in devices:
        ours = make_ours(device, "float32", 32, 1).fit(X[few], y[few])
        hand = Loop(X.shape[1], 32, 1, device=device).fit(X[few], y[few])
        calls["ours", device] = lambda model=ours: model.predict_proba(X)
        calls["hand", device] = lambda model=hand: model.predict_proba(X)
    print_row(f"predict {len(X)} x {X.shape[1]}", calls, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cpu", action="store_true", help="run on the CPU only")
    parser.add_argument("--quick", action="store_true", help="small data")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    if not (args.cpu or torch.cuda.is_available()):
        print("torch finds no CUDA device. --cpu runs the columns of the CPU only.")
        return
    devices = ["cpu"] if args.cpu else ["cuda", "cpu"]
    warnings.simplefilter("ignore")
    name = "no CUDA device in use" if args.cpu else torch.cuda.get_device_name()
    print(f"{name}; torch {torch.__version__}, {torch.get_num_threads()} threads")
    scale = 8 if args.quick else 1
    with config_context(array_api_dispatch=True):
        for n_times in (4096, 65536):
            n_rows = 2**25 // n_times // scale
            welch_row(devices, n_rows, n_times, 1024, args.rounds)
    data = make_data(4096 // scale, 1024)
    for batch_size in (32, 512):
        for precision in PRECISIONS:
            training_row(devices, data, batch_size, 3, precision, args.rounds)
        reading_row(data, batch_size, args.rounds)
    prediction_row(devices, make_data(16384 // scale, 1024), args.rounds)


if __name__ == "__main__":
    main()

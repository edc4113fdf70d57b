"""
Classify a file that is larger than memory
==========================================

A receiver has written I and Q samples to a raw file of 16-bit integers. The file may be
larger than the memory. Here dask reads it in blocks, and each worker sends its blocks
through a fitted pipeline. Then the net is trained further on the whole file, block by
block, by ``partial_fit``.

The script makes its own file. Its size is a parameter, so that the default takes
seconds::

    python examples/beyond_memory.py --gigabytes 2

dask and distributed are needed: ``pip install "sk-psd[distributed]"``.
"""

# %%
# The file holds windows of 1024 samples, each of which has one of four spectral shapes.
# The labels are in a file beside it. Windows are read as a map of the file, so that
# only those that are used are in memory.

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from sk_psd import make_spectrum_classifier
from sk_psd.datasets import make_spectral_shapes
from sk_psd.signals import from_iq

try:
    import dask.array as da
    from dask.distributed import Client, LocalCluster
except ImportError:
    raise SystemExit(
        "This example needs dask, which is not installed. Install it by "
        'pip install -c constraints.txt ".[distributed]".'
    )

N_TIMES = 1024
BLOCK = 4096  # windows of a block: 16 MB in the file, 32 MB as complex numbers


def make_file(path, n_blocks):
    """Write windows of I/Q samples, and return their labels."""
    rng = np.random.default_rng(0)
    settings = dict(n_times=N_TIMES, center_freq=(-0.3, 0.3), random_state=0)
    signals, y = make_spectral_shapes(BLOCK, **settings)
    pairs = np.stack([signals.real, signals.imag], axis=-1)
    pairs = np.round(3000 * pairs / pairs.std()).clip(-32768, 32767).astype(np.int16)
    labels = []
    with open(path, "wb") as file:
        for _ in range(n_blocks):
            order = rng.permutation(BLOCK)
            file.write(pairs[order].tobytes())
            labels.append(y[order])
    return np.concatenate(labels)


def map_windows(path):
    """Return all windows (n_windows, N_TIMES, 2) as a map of the file."""
    return np.memmap(path, np.int16, "r").reshape(-1, N_TIMES, 2)


# %%
# The pipeline is trained on the first windows of the file. They fit into memory.


def train(path, labels, n_windows=2000):
    """Return a pipeline that was trained on the first windows of the file."""
    pipe = make_spectrum_classifier(fs=1.0, nperseg=256, random_state=0)
    pipe.set_params(net__max_epochs=5)
    return pipe.fit(from_iq(map_windows(path)[:n_windows]), labels[:n_windows])


# %%
# A dask array of the windows. Each task maps the file by itself and reads one block. An
# array from ``da.from_array(map_windows(path))`` would send the samples to the workers
# instead of the path.


def read_block(path, block_info=None):
    """Return the signals of one block of the dask array."""
    first, last = block_info[None]["array-location"][0]
    return from_iq(map_windows(path)[first:last])


def open_windows(path):
    """Return the signals of the file as a dask array of complex numbers."""
    n_blocks = len(map_windows(path)) // BLOCK
    chunks = (BLOCK,) * n_blocks, (N_TIMES,)
    return da.map_blocks(read_block, str(path), chunks=chunks, dtype=np.complex64)


def predict(pipe, windows):
    """Return the probabilities of all windows as a dask array, which is not computed.

    Each step takes the blocks of the step before. dask joins the steps into one task,
    so that spectra are never sent between workers.
    """
    psd, scale, net = (step for _, step in pipe.steps)
    rows, n_freqs, n_classes = windows.chunks[0], len(psd.freqs_), len(net.classes_)
    spectra = windows.map_blocks(
        psd.transform, chunks=(rows, (n_freqs,)), dtype=np.float32
    )
    scaled = spectra.map_blocks(scale.transform, dtype=np.float32)
    return scaled.map_blocks(
        net.predict_proba, chunks=(rows, (n_classes,)), dtype=np.float64
    )


# %%
# `partial_fit` makes one pass over each block. The blocks come in random order, and
# `predict` is at hand after any of them. The labels are the same ones that the net
# knows, so `classes` is needed in no call. A new net needs it in the first one.


def train_further(pipe, path, labels, rng):
    """Train the net of the pipeline on all blocks of the file, and return the rate."""
    windows, to_spectra, net = map_windows(path), pipe[:-1], pipe[-1]
    net.set_params(lr=3e-4, batch_size=64)
    start = time.perf_counter()
    for block in rng.permutation(len(windows) // BLOCK):
        rows = slice(BLOCK * block, BLOCK * (block + 1))
        net.partial_fit(to_spectra.transform(from_iq(windows[rows])), labels[rows])
    return len(windows) / (time.perf_counter() - start)


# %%
# The peak of the resident memory of a process, by which the growth in each worker is
# found. On other systems than Linux it is not known.


def peak_memory(reset=False):
    """Return the peak of the resident memory in MB, or the memory now after a reset."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def warm_up():
    """Import what a task needs, which is no part of the growth."""
    import sk_psd  # noqa: F401

    return peak_memory(reset=True)


# %%
# Two workers of one thread each. More workers finish earlier, and need as much memory
# each.


def main(folder, gigabytes):
    """Make the file, classify it, train on it, and print figures of both."""
    path = Path(folder) / "recording.raw"
    n_blocks = max(2, round(gigabytes * 1e9 / (4 * N_TIMES * BLOCK)))
    labels = make_file(path, n_blocks)
    print(f"file: {path.stat().st_size / 1e9:.2f} GB, {len(labels)} windows")
    pipe = train(path, labels)
    windows = open_windows(path)
    print(f"dask array: {windows.nbytes / 1e9:.2f} GB in {windows.numblocks[0]} blocks")
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        before = client.run(warm_up)
        start = time.perf_counter()
        proba = predict(pipe, windows).compute()
        seconds = time.perf_counter() - start
        growth = [peak - before[at] for at, peak in client.run(peak_memory).items()]
    rate, right = len(labels) / seconds, pipe.classes_[proba.argmax(1)] == labels
    print(f"two workers: {rate:.0f} windows/s, accuracy {right.mean():.3f}")
    print("growth of the peak memory: " + ", ".join(f"{g:.0f} MB" for g in growth))
    before = peak_memory(reset=True)
    rate = train_further(pipe, path, labels, np.random.default_rng(0))
    growth = peak_memory() - before
    right = pipe.predict(from_iq(map_windows(path)[-BLOCK:])) == labels[-BLOCK:]
    print(f"partial_fit: {rate:.0f} windows/s, accuracy {right.mean():.3f}")
    print(f"growth of the peak memory: {growth:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=0.03, help="of the file")
    parser.add_argument("--folder", help="for the file; a temporary one by default")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        main(folder, args.gigabytes)

"""Time, memory and errors of Welch's method, compared with other packages.

    python benchmarks/welch.py  # all rows, an hour, 16 GB of memory
    python benchmarks/welch.py --scale 0.05  # all rows on small arrays, minutes
    python benchmarks/welch.py --only new cache errors  # parts of it

All calls run in one process with torch at one thread. Calls of different packages
alternate, and each printed number is a median.

"scipy", "mne" and "stft" are the time of that package over the time of sk_psd with one
job: above 1 sk_psd is faster. The first number is wall time, the one in brackets CPU
time. torch.stft does not detrend, so it does less. mne is left out if it is not
installed, and for complex signals, which it does not support.

"bare" is the CPU time of sk_psd over that of the FFTs alone, of as many segments in
blocks that fit the cache. "n_jobs=2" is the time with two jobs over that with one.
"extra" is the growth of the resident memory beyond the result, in the first call with
one job and with two (Linux only).

In the other rows the large arrays of other packages make malloc keep freed memory. The
rows "new process" run in new processes that call WelchPSD alone. They print the CPU
time of a call, its ratio to the time of the FFTs alone, and the number of page faults
of a call beside the number of pages of its result (not on Windows).
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from scipy import signal

from sk_psd import WelchPSD
from sk_psd.spectral import welch

WHOLE = [
    ((2000, 65536), np.float32),
    ((20000, 4096), np.float32),
    ((100, 1000000), np.float32),
    ((2000, 65536), np.float64),
    ((20000, 4096), np.float64),
    ((100, 1000000), np.float64),
    ((8, 10000000), np.complex64),
]
CACHE = [((64, 65536), dtype) for dtype in (np.float32, np.float64, np.complex64)]
TINY = [((1, 256), np.float64), ((1, 256), np.float32), ((1, 4096), np.float32)]
TINY += [((32, 1024), np.float64), ((1000, 256), np.float32)]
NPERSEG = [256, 1024, 8192, 16384]


def make_noise(shape, dtype, seed=0):
    """Return white noise, made row by row to need no second array of its size."""
    rng = np.random.default_rng(seed)
    X = np.empty(shape, dtype)
    for row in X:
        row.real = rng.standard_normal(shape[1], dtype=row.real.dtype)
        if np.iscomplexobj(X):
            row.imag = rng.standard_normal(shape[1], dtype=row.real.dtype)
    return X


def methods(X, nperseg):
    """Return the functions to compare, without parameters, by their name."""
    two_sided = np.iscomplexobj(X)
    params = dict(nperseg=nperseg, return_onesided=not two_sided)
    found = {
        "ours": lambda: welch(X, **params, n_jobs=1)[1],
        "ours2": lambda: welch(X, **params, n_jobs=2)[1],
        "scipy": lambda: signal.welch(X, **params)[1],
        "stft": lambda: with_stft(X, nperseg),
        "fft": lambda: bare_fft(X, nperseg),
    }
    if not two_sided:
        try:
            from mne.time_frequency import psd_array_welch
        except ImportError:
            pass
        else:
            found["mne"] = lambda: psd_array_welch(
                X, 1.0, n_fft=nperseg, n_overlap=nperseg // 2, window="hann",
                verbose=False,
            )[0]  # fmt: skip
    return found


def with_stft(X, nperseg):
    """Return Welch spectra by torch.stft, all at once and without detrending."""
    x = torch.as_tensor(X)
    window = torch.hann_window(nperseg, dtype=x.real.dtype, device=x.device)
    spectra = torch.stft(
        x,
        nperseg,
        nperseg // 2,
        window=window,
        center=False,
        return_complex=True,
        onesided=not x.is_complex(),
    )
    powers = spectra.abs().square_().mean(-1)
    return powers * (2 / window.square().sum())


def bare_fft(X, nperseg):
    """Compute as many FFTs as Welch's method does, all of the same block."""
    n_rows, n_times = X.shape
    n_segments = n_rows * (2 * n_times // nperseg - 1)
    x = torch.from_numpy(X[:1, :nperseg])
    height = max(1, 2**21 // x.element_size() // nperseg)
    block = x.repeat(min(height, n_segments), 1)
    transform = torch.fft.fft if x.is_complex() else torch.fft.rfft
    for first in range(0, n_segments, height):
        transform(block[: n_segments - first])


def resident(kind):
    """Return the resident memory now ("RSS") or its peak ("HWM") in MB, or None."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    return int(status.split(f"Vm{kind}:")[1].split()[0]) / 1024


def peak_growth(function):
    """Return the growth of the resident peak beyond the result of a call, in MB."""
    before = resident("RSS")
    if before is None:
        return float("nan")
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    result = function()
    return resident("HWM") - before - getattr(result, "nbytes", 0) / 2**20


def measure(functions, repeats):
    """Return wall and CPU seconds of all calls, which alternate."""
    wall, cpu = ({name: [] for name in functions} for _ in range(2))
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter(), time.process_time()
            function()
            wall[name].append(time.perf_counter() - start[0])
            cpu[name].append(time.process_time() - start[1])
    return wall, cpu


def ratio(times, name, other="ours"):
    """Return the median of the ratios of neighboring calls."""
    pairs = zip(times[name], times[other], strict=True)
    return statistics.median(a / b for a, b in pairs)


def row(shape, dtype, nperseg, repeats, n_inner=1):
    X = make_noise(shape, dtype)
    functions = methods(X, nperseg)
    extra = {name: peak_growth(function) for name, function in functions.items()}
    if n_inner > 1:
        functions = {name: repeated(f, n_inner) for name, f in functions.items()}
    wall, cpu = measure(functions, repeats)
    name = f"{shape} {np.dtype(dtype)} nperseg={nperseg}"
    text = [f"{name:42s} {statistics.median(wall['ours']) / n_inner:9.3g} s"]
    for other in ("scipy", "mne", "stft"):
        if other in functions:
            text.append(
                f"{other} {ratio(wall, other):5.1f} ({ratio(cpu, other):.1f}) "
                f"{extra[other]:5.0f} MB"
            )
    text.append(f"bare {ratio(cpu, 'ours', 'fft'):.2f}")
    text.append(f"n_jobs=2 {ratio(wall, 'ours2'):.2f} ({ratio(cpu, 'ours2'):.2f})")
    text.append(f"extra {extra['ours']:.1f}, {extra['ours2']:.1f} MB")
    text.append(f"load {os.getloadavg()[0]:.1f}")
    print("  ".join(text), flush=True)


def repeated(function, n):
    """Return a function that calls another `n` times, to time very short calls."""

    def call():
        for _ in range(n):
            function()

    return call


def new_process(shape, dtype, nperseg, n_jobs, n_processes=3):
    """Print medians over calls in processes that call nothing else before."""
    code = (
        f"from welch import call_alone; call_alone({shape}, {np.dtype(dtype).name!r}, "
        f"{nperseg}, {n_jobs})"
    )
    folder = str(Path(__file__).parent)
    found = []
    for _ in range(n_processes):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.append({folder!r}); {code}"],
            check=True,
            capture_output=True,
            text=True,
        )
        found.append([float(word) for word in done.stdout.split()])
    seconds, bare, faults, pages = np.median(found, axis=0)
    name = f"new process {shape} {np.dtype(dtype)} nperseg={nperseg} n_jobs={n_jobs}"
    print(
        f"{name:62s} {1e3 * seconds:7.2f} ms CPU  bare {seconds / bare:.2f}  "
        f"page faults {faults:.0f} a call, result {pages:.0f} pages  "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def call_alone(shape, dtype, nperseg, n_jobs, n_calls=9):
    """Print the CPU seconds of a call and of bare FFTs, page faults and pages."""
    import resource  # not on Windows

    torch.set_num_threads(1)
    X = make_noise(shape, dtype)
    params = dict(nperseg=nperseg, return_onesided=not np.iscomplexobj(X))
    psd = WelchPSD(**params, n_jobs=n_jobs).fit(X[:1])
    result = psd.transform(X)  # warm up: buffers, and the code of the libraries
    seconds, faults, bare = [], [], []
    for _ in range(n_calls):
        start = time.process_time()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        psd.transform(X)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        seconds.append(time.process_time() - start)
    np.empty(2**24, np.uint8)  # freed at once: malloc keeps the memory of the FFTs
    for _ in range(n_calls):
        start = time.process_time()
        bare_fft(X, nperseg)
        bare.append(time.process_time() - start)
    medians = [statistics.median(values) for values in (seconds, bare, faults)]
    print(*medians, result.nbytes / resource.getpagesize())


def errors(nperseg):
    """Print the largest errors of sk_psd and SciPy, relative to max(P, 1e-3 mean P)."""
    # The offset is subtracted in long double precision, which is exact.
    noise = make_noise((16, 65536), np.float64)
    tone = 1e3 * np.sin(2 * np.pi * np.arange(65536) / nperseg * (nperseg // 5))
    cases = {
        "noise": noise,
        "offset 1000": noise + 1000,
        "60 dB line": noise + tone * np.sqrt(2 / nperseg),
    }
    for name, X in cases.items():
        for dtype in (np.float32, np.float64):
            x = X.astype(dtype)
            offset = 1000 if "offset" in name else 0
            centered = (x.astype(np.longdouble) - offset).astype(np.float64)
            exact = signal.welch(centered, nperseg=nperseg)[1]
            double = signal.welch(x.astype(np.float64), nperseg=nperseg)[1]
            scale = np.maximum(exact, 1e-3 * exact.mean(-1, keepdims=True))
            kept = np.ones(exact.shape[-1], bool)
            if "line" in name:
                kept[nperseg // 5 - 3 : nperseg // 5 + 4] = False

            def largest(psd, other, scale=scale, kept=kept):
                return (np.abs(psd - other) / scale)[:, kept].max()

            psd = welch(x, nperseg=nperseg)[1]
            own = signal.welch(x, nperseg=nperseg)[1]
            print(
                f"{name:12s} {np.dtype(dtype)!s:8s} nperseg={nperseg:<6d} "
                f"ours to scipy in float64 {largest(psd, double):.1e}, "
                f"to scipy without the offset {largest(psd, exact):.1e}; "
                f"scipy in {np.dtype(dtype)} {largest(own, exact):.1e}",
                flush=True,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the whole arrays")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--nperseg", type=int, nargs="+", default=NPERSEG)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=["errors", "new", "tiny", "cache", "whole"],
        default=["errors", "new", "tiny", "cache", "whole"],
    )
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    if "errors" in args.only:
        for nperseg in args.nperseg:
            errors(nperseg)
    if "new" in args.only:
        for shape, dtype in CACHE:
            for nperseg in args.nperseg:
                for n_jobs in (1, 2):
                    new_process(shape, dtype, nperseg, n_jobs)
    if "tiny" in args.only:
        for shape, dtype in TINY:
            row(shape, dtype, 256, 3 * args.repeats, n_inner=50)
    if "cache" in args.only:
        for shape, dtype in CACHE:
            for nperseg in args.nperseg:
                row(shape, dtype, nperseg, 3 * args.repeats)
    if "whole" in args.only:
        for (n_rows, n_times), dtype in WHOLE:
            n_scaled = max(1, round(n_rows * args.scale))
            if n_rows == 8:
                n_scaled, n_times = n_rows, round(n_times * args.scale)
            for nperseg in args.nperseg:
                if nperseg <= n_times:
                    row((n_scaled, n_times), dtype, nperseg, args.repeats)


if __name__ == "__main__":
    main()

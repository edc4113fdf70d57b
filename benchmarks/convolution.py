"""Time of the ways to convolve rows, with those of SciPy and NumPy beside them.

    python benchmarks/convolution.py

CPU milliseconds, the smallest of 5 runs, in one process. "direct" adds a shifted copy
of the rows for each tap, "fft" multiplies spectra. `sk_psd.filters.convolve` takes the
direct way for up to 20 taps for each step of the stride. "ndimage" is
scipy.ndimage.convolve1d, "overlap-add" is scipy.signal.oaconvolve in double precision,
"numpy" is a loop of numpy.convolve over the rows. These three compute all values and
leave out those between the steps.
"""

import time
from functools import partial

import numpy as np
from scipy import ndimage, signal

from sk_psd import filters

SHAPES = [(1000, 256), (60, 4096), (4, 65536), (1, 2**20)]
TAPS = [5, 11, 15, 21, 51, 201]


def milliseconds(call):
    times = []
    for _ in range(5):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def by_way(X, kernel, stride, is_direct):
    """Return the time of one of the two ways of the package."""
    filters._DIRECT_TAPS = len(kernel) if is_direct else 0
    return milliseconds(lambda: filters.convolve(X, kernel, stride=stride))


def by_overlap_add(X, kernel):
    double = X.astype(np.result_type(X, np.float64))
    return signal.oaconvolve(double, kernel[None], mode="same", axes=-1).astype(X.dtype)


OTHERS = {
    "ndimage": lambda X, kernel: ndimage.convolve1d(X, kernel, mode="constant"),
    "overlap-add": by_overlap_add,
    "numpy": lambda X, kernel: np.array([np.convolve(x, kernel, "same") for x in X]),
}


def apply_and_skip(function, X, kernel, stride):
    return function(X, kernel)[:, ::stride]


def main():
    rng = np.random.default_rng(0)
    names = "".join(f"{name:>12}" for name in ("direct", "fft", *OTHERS))
    print(f"{'rows':>16}{'dtype':>11}{'taps':>5}{'stride':>7}{names}")
    for shape in SHAPES:
        for dtype in (np.float32, np.float64, np.complex128):
            X = rng.standard_normal(shape).astype(dtype)
            for n_taps in TAPS:
                kernel = rng.standard_normal(n_taps)
                for stride in (1, 4):
                    times = [by_way(X, kernel, stride, way) for way in (True, False)]
                    times += [
                        milliseconds(partial(apply_and_skip, f, X, kernel, stride))
                        for f in OTHERS.values()
                    ]
                    cells = "".join(f"{value:12.2f}" for value in times)
                    print(f"{shape!s:>16}{X.dtype!s:>11}{n_taps:5}{stride:7}{cells}")


if __name__ == "__main__":
    main()

"""Cost of the two ways to convolve rows, beside a loop over numpy.convolve.

    python benchmarks/convolution.py

CPU milliseconds, the least of 5, one process. "direct" adds a shifted copy of the rows
for each tap, "fft" is what `sk_psd.filters` does with longer kernels; `convolve` takes
the direct way up to 20 taps.
"""

import time

import numpy as np

from sk_psd import filters

SHAPES = [(1000, 256), (60, 4096), (4, 65536), (1, 2**20)]
TAPS = [5, 11, 15, 21, 31, 51, 201]


def milliseconds(call):
    times = []
    for _ in range(5):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1e3 * min(times)


def by_way(X, kernel, direct):
    filters._DIRECT_TAPS = len(kernel) if direct else 0
    return milliseconds(lambda: filters.convolve(X, kernel))


def main():
    rng = np.random.default_rng(0)
    print(
        f"{'rows':>16} {'dtype':>10} {'taps':>5} {'direct':>8} {'fft':>8} {'numpy':>8}"
    )
    for shape in SHAPES:
        for dtype in (np.float32, np.float64, np.complex128):
            X = rng.standard_normal(shape).astype(dtype)
            for n_taps in TAPS:
                kernel = rng.standard_normal(n_taps)
                direct, fft = (by_way(X, kernel, way) for way in (True, False))
                loop = milliseconds(
                    lambda X=X, k=kernel: [np.convolve(row, k, "same") for row in X]
                )
                print(
                    f"{shape!s:>16} {X.dtype!s:>10} {n_taps:5} {direct:8.2f} {fft:8.2f}"
                    f" {loop:8.2f}"
                )


if __name__ == "__main__":
    main()

"""Accuracy and cost of nets of three layers, by the kernel size and the stride of each.

    python benchmarks/stride_kernel.py            # four minutes of CPU
    python benchmarks/stride_kernel.py --quick    # 40 seconds, small data, one seed

The nets are trained at the center of the axis and tested on shifted spectra, with one
draw of the data and two net seeds. All layers of a net have the same kernel size and
the same stride. A stride is cut to an eighth of the bins that its layer sees, which
changes the last layer at stride 4 only. The receptive field is the number of bins that
one value of the last map depends on. The bands of the signals are 32 bins wide.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd.datasets import make_shift_benchmark
from sk_psd.inspection import describe

KERNELS, STRIDES = (4, 8, 16, 32, 64), (1, 2, 3, 4)


def make_spectra(n_train, n_test, n_freqs):
    data = make_shift_benchmark(
        "standard8", n_train=n_train, n_test=n_test, n_freqs=n_freqs
    )
    psd = WelchPSD(nperseg=n_freqs, return_onesided=False, detrend=False, decibels=True)
    steps = make_pipeline(psd, MinMaxScale())
    X_test, y_test = data.test["shifted"]
    return (
        *(steps.fit_transform(data.X_train), data.y_train),
        *(steps.transform(X_test), y_test),
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small data, one seed")
    args = parser.parse_args()
    torch.set_num_threads(1)
    n_train, n_test, n_freqs, n_seeds = 800, 1000, 256, 2
    if args.quick:
        n_train, n_test, n_seeds = 200, 200, 1
    X, y, X_test, y_test = make_spectra(n_train, n_test, n_freqs)
    print(
        f"standard8, shifted: {n_train} training and {n_test} test spectra of "
        f"{n_freqs} bins, {n_seeds} net seeds\n"
        f"{'kernel':>6} {'stride':>6} {'field, bins':>11} {'accuracy':>8} "
        f"{'spread':>6} {'fit, cpu s':>10}"
    )
    for kernel_size in KERNELS:
        for stride in STRIDES:
            scores, seconds = [], []
            for seed in range(n_seeds):
                net = GlobalPoolCNNClassifier(
                    (16, 16, 32),
                    kernel_size,
                    stride,
                    max_epochs=30,
                    device="cpu",
                    random_state=seed,
                )
                start = time.process_time()
                net.fit(X, y)
                seconds.append(time.process_time() - start)
                scores.append(net.score(X_test, y_test))
            field = describe(net).receptive_field
            print(
                f"{kernel_size:6} {stride:6} {field:11} {np.mean(scores):8.3f} "
                f"{np.ptp(scores):6.3f} {np.mean(seconds):10.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Accuracy and cost of the default net and of a smaller one, with 1, 4 and 8 rolls.

    python benchmarks/rolls.py                       # standard8, five minutes
    python benchmarks/rolls.py --tasks standard8 hard6
    python benchmarks/rolls.py --quick               # a minute, small data

The nets are trained at the center of the axis and tested on shifted spectra, for two
draws of the data with 2000 test spectra each and two net seeds. All rows of a net share
their fits, as `n_rolls` changes the prediction only. The fits of the two nets alternate
in one process with one thread. The ratio of their CPU times is the median over all
pairs of fits.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.pipeline import make_pipeline

from sk_psd import GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd.datasets import make_shift_benchmark

NETS = {"default": (32, 32, 64), "small": (16, 16, 32)}


def cpu_seconds(call):
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def make_spectra(task, n_train, n_test, n_freqs, data_seed):
    data = make_shift_benchmark(
        task, n_train=n_train, n_test=n_test, n_freqs=n_freqs, random_state=data_seed
    )
    psd = WelchPSD(nperseg=n_freqs, return_onesided=False, detrend=False, decibels=True)
    steps = make_pipeline(psd, MinMaxScale())
    X_test, y_test = data.test["shifted"]
    return (
        *(steps.fit_transform(data.X_train), data.y_train),
        *(steps.transform(X_test), y_test),
    )


def run(task, n_train, n_test, n_freqs, data_seeds, net_seeds, rolls):
    """Print the table of one task."""
    fits = {name: [] for name in NETS}
    scores = {(name, n_rolls): [] for name in NETS for n_rolls in rolls}
    predictions = {key: [] for key in scores}
    for data_seed in data_seeds:
        X, y, X_test, y_test = make_spectra(task, n_train, n_test, n_freqs, data_seed)
        for seed in net_seeds:
            for name, n_filters in NETS.items():
                net = GlobalPoolCNNClassifier(
                    n_filters, random_state=seed, device="cpu"
                )
                fits[name].append(cpu_seconds(lambda: net.fit(X, y))[1])  # noqa: B023
                for n_rolls in rolls:
                    net.set_params(n_rolls=n_rolls)
                    found, seconds = cpu_seconds(lambda: net.predict(X_test))  # noqa: B023
                    scores[name, n_rolls].append(np.mean(found == y_test))
                    predictions[name, n_rolls].append(1e3 * seconds / len(X_test))
    print(
        f"\n{task}, shifted: {n_train} training and {n_test} test spectra of {n_freqs} "
        f"bins, data seeds {data_seeds}, net seeds {net_seeds}"
    )
    print(
        f"{'net':8} {'n_rolls':>7} {'accuracy':>9}  {'of each data and net seed':32}"
        f"{'fit, cpu s':>11}{'of default':>11}{'predict, ms a row':>18}"
    )
    for (name, n_rolls), accuracies in scores.items():
        each = " ".join(f"{accuracy:.4f}" for accuracy in accuracies)
        ratio = np.median(np.divide(fits[name], fits["default"]))
        print(
            f"{name:8} {n_rolls:7} {np.mean(accuracies):9.4f}  {each:32}"
            f"{np.median(fits[name]):11.2f}{ratio:11.2f}"
            f"{np.median(predictions[name, n_rolls]):18.3f}"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=["standard8"])
    parser.add_argument("--data-seeds", nargs="+", type=int, default=[1000, 2000])
    parser.add_argument("--seeds", type=int, default=2, help="number of net seeds")
    parser.add_argument("--rolls", nargs="+", type=int, default=[1, 4, 8])
    parser.add_argument("--quick", action="store_true", help="small data, one seed")
    args = parser.parse_args()
    sizes = (200, 200, 256) if args.quick else (1600, 2000, 1024)
    if args.quick:
        args.data_seeds, args.seeds = args.data_seeds[:1], 1
    torch.set_num_threads(1)
    for task in args.tasks:
        run(task, *sizes, args.data_seeds, list(range(args.seeds)), args.rolls)


if __name__ == "__main__":
    main()

"""Test error and training time of learned kernels, by solver and optimizer.

    python benchmarks/learned_filter.py            # 21 taps, 3 seeds, half a minute
    python benchmarks/learned_filter.py --kernel-size 101

Each task has 1000 training pairs and 1000 fresh test pairs for each seed. The first row
shows the test error of ``LearnedConvFilter(solver="lstsq")``, the best kernel of its
length for the training pairs. The other rows show the ratio of their error to it.
"design matrix" solves the same problem by numpy.linalg.lstsq on a matrix with a row for
each output, as a check. "plain loop" is a hand-written torch loop with the settings of
many courses: SGD without momentum, rate 0.01, batches of 32, 50 epochs, torch's random
start.

"mean dB" is how much less power the kernel passes at 2-6 Hz than at 12-20 Hz, each
averaged over its band. "worst dB" compares the largest gain in the first band with the
smallest one in the second. Both are of interest for the second task only, as the
signals of the first one lie at 0-8 Hz. "s" is the median time of a fit in seconds.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from sk_psd import ConvFilter, LearnedConvFilter, filter_response
from sk_psd.datasets import make_noisy_sines, make_two_tones

TASKS = {"sines": make_noisy_sines, "two tones": make_two_tones}


def solve_design_matrix(X, Y, size, seed):
    padded = np.pad(X, ((0, 0), (size // 2, (size - 1) // 2)))
    rows = sliding_window_view(padded, size, axis=1).reshape(-1, size)
    return np.linalg.lstsq(rows, Y.ravel(), rcond=None)[0][::-1]


def plain_loop(X, Y, size, seed):
    torch.manual_seed(seed)
    x, y = (torch.from_numpy(part).float().unsqueeze(1) for part in (X, Y))
    layer = torch.nn.Conv1d(1, 1, size, padding="same", bias=False)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    for _ in range(50):
        for rows in torch.randperm(len(x)).split(32):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(layer(x[rows]), y[rows]).backward()
            optimizer.step()
    return layer.weight.detach().numpy().ravel()[::-1].astype(float)


def learn(X, Y, size, seed, **params):
    return LearnedConvFilter(size, random_state=seed, **params).fit(X, Y).kernel_


METHODS = {
    "lstsq": lambda *args: learn(*args, solver="lstsq"),
    "design matrix": solve_design_matrix,
    "plain loop": plain_loop,
    "sgd, constant rate": lambda *args: learn(*args, lr_schedule="constant"),
    "sgd, one cycle (default)": learn,
    "adam, one cycle": lambda *args: learn(*args, optimizer="adam"),
}


def attenuation(kernel):
    response = filter_response(kernel, fs=256.0, n_freqs=4097)
    freqs, power = response.freqs, 10 ** (response.gain / 10)
    low = power[(freqs >= 2) & (freqs <= 6)]
    high = power[(freqs >= 12) & (freqs <= 20)]
    return 10 * np.log10([high.mean() / low.mean(), high.min() / low.max()])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kernel-size", type=int, default=21)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    for task, make in TASKS.items():
        print(f"\n{task}, {args.kernel_size} taps")
        print(
            f"{'':25}{'test error of each seed':^33}"
            f"{'mean dB':>9}{'worst dB':>10}{'s':>7}"
        )
        exact = []
        for name, method in METHODS.items():
            errors, decibels, seconds = [], [], []
            for seed in range(args.seeds):
                X, Y = make(1000, random_state=seed)
                X_test, Y_test = make(1000, random_state=1000 + seed)
                start = time.perf_counter()
                kernel = method(X, Y, args.kernel_size, seed)
                seconds.append(time.perf_counter() - start)
                filtered = ConvFilter(kernel).fit_transform(X_test)
                errors.append(np.mean((filtered - Y_test) ** 2))
                decibels.append(attenuation(kernel))
            exact = exact or errors
            ratios = [e / best for e, best in zip(errors, exact, strict=True)]
            shown = errors if errors is exact else ratios
            mean, worst = np.median(decibels, axis=0)
            print(
                f"{name:25}" + "".join(f"{value:11.5f}" for value in shown),
                f"{mean:8.1f} {worst:9.1f} {statistics.median(seconds):6.2f}",
            )


if __name__ == "__main__":
    main()

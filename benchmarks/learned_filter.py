"""Error of a learned kernel beside the best linear filter of the same length.

    python benchmarks/learned_filter.py            # 21 taps, 3 seeds, half a minute
    python benchmarks/learned_filter.py --kernel-size 101

1000 training and 1000 fresh test pairs of each task. "least squares" solves for the
kernel of the least squared error on the training pairs; the other errors are relative
to its own. "plain loop" is a hand-written torch loop with the settings of many courses:
SGD without momentum, rate 0.01, batches of 32, 50 epochs, torch's random start.

"mean dB" is how much less power the kernel passes at 2-6 Hz than at 12-20 Hz, each
averaged over its band; "worst dB" compares the largest gain of the one with the
smallest gain of the other. For the first task, which wants 0-8 Hz, they mean nothing.
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


def solve(X, Y, size):
    padded = np.pad(X, ((0, 0), (size // 2, (size - 1) // 2)))
    rows = sliding_window_view(padded, size, axis=1).reshape(-1, size)
    return np.linalg.solve(rows.T @ rows, rows.T @ Y.ravel())[::-1]


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
    "least squares": lambda X, Y, size, seed: solve(X, Y, size),
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
            f"{'':25}{'test error of each seed':^33}{'mean dB':>9}{'worst dB':>10}  s"
        )
        best = {}
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
            best = best or errors
            ratios = [e / b for e, b in zip(errors, best, strict=True)]
            shown = errors if errors is best else ratios
            mean, worst = np.median(decibels, axis=0)
            print(
                f"{name:25}" + "".join(f"{value:11.5f}" for value in shown),
                f"{mean:8.1f} {worst:9.1f} {statistics.median(seconds):5.1f}",
            )


if __name__ == "__main__":
    main()

"""Wall time of a training step in one and two threads, idle and beside busy programs.

    python benchmarks/threads.py    # a minute

A step is the forward and backward pass of the default net with a batch of 32 spectra of
1024 bins. "busy" is beside as many processes as the computer has cores, each of which
multiplies matrices. Steps in one and in two threads alternate, and the figures are the
medians and the quartiles of all steps. On an idle computer run nothing else meanwhile.
"""

import argparse
import multiprocessing
import os
import time

import numpy as np
import torch
from torch.nn import functional as F
from training import make_data, make_module

N_FREQS, BATCH_SIZE = 1024, 32


def make_step():
    """Return a function that makes one training step."""
    torch.manual_seed(0)
    module = make_module(N_FREQS).train()
    x, y = map(torch.from_numpy, make_data(BATCH_SIZE, N_FREQS))
    x = x.unsqueeze(1)

    def step():
        module.zero_grad()
        F.cross_entropy(module(x), y).backward()

    return step


def measure(n_rounds):
    """Return the milliseconds of each step, by the number of threads."""
    step = make_step()
    times = {1: [], 2: []}
    for _ in range(n_rounds):
        for n_threads, values in times.items():
            torch.set_num_threads(n_threads)
            step()  # wakes the threads up
            for _ in range(10):
                start = time.perf_counter()
                step()
                values.append(1e3 * (time.perf_counter() - start))
    return times


def keep_busy():
    """Multiply matrices in one thread until the process ends."""
    torch.set_num_threads(1)
    matrix = torch.rand(512, 512)
    while True:
        matrix @ matrix


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    args = parser.parse_args()
    n_cores = os.cpu_count()
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=keep_busy, daemon=True) for _ in range(n_cores)]
    print(f"{n_cores} cores, median (quartiles) of the milliseconds of a step")
    for state in ("idle", "busy"):
        if state == "busy":
            for process in others:
                process.start()
            time.sleep(5)  # until they have imported torch
        for n_threads, values in measure(args.rounds).items():
            low, median, high = np.percentile(values, [25, 50, 75])
            quartiles = f"({low:.1f} to {high:.1f})"
            print(f"{state}, {n_threads} thread(s): {median:5.1f} {quartiles}")
    for process in others:
        process.terminate()


if __name__ == "__main__":
    main()

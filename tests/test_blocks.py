"""Threads that blocks of signals use."""

import subprocess
import sys

import pytest


def run(script):
    """Return what a script prints in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/task")
def test_one_signal_starts_no_thread():
    """Neither a thread of Python nor one of torch, which may use two."""
    counts = run("""
import os
import numpy as np
import torch
from sk_psd import WelchPSD

torch.set_num_threads(2)
for n_times in (256, 4096, 16384, 65536, 300_000):
    X = np.random.default_rng(0).standard_normal((1, n_times)).astype(np.float32)
    for kind in (WelchPSD(), WelchPSD(average="median"), WelchPSD(n_jobs=1)):
        before = len(os.listdir("/proc/self/task"))
        kind.fit_transform(X)
        print(len(os.listdir("/proc/self/task")) - before)
print(torch.get_num_threads())
""")
    assert counts == [0] * 15 + [2]

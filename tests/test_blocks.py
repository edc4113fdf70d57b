"""Memory and threads that blocks of signals use, and the bits that they give."""

import platform
import subprocess
import sys

import numpy as np
import pytest

from sk_psd.spectral import welch


def run(script):
    """Return what a script prints in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return [int(word) for word in done.stdout.split()]


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries keep freed memory"
)
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("nperseg", [256, 8192])
def test_blocks_of_a_new_process_fault_in_no_page_beyond_result_and_buffers(
    nperseg, n_jobs
):
    """The least of five calls is taken, as the system may add faults of its own."""
    least, n_bytes, page, buffer = run(f"""
import resource
import numpy as np
from sk_psd import WelchPSD, _blocks

X = np.zeros((64, 65536), np.float32)
X[:, ::3] = 1
psd = WelchPSD(nperseg={nperseg}, n_jobs={n_jobs}).fit(X[:1])
counts = []
for _ in range(6):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    result = psd.transform(X)
    counts.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(counts[1:]), result.nbytes, resource.getpagesize(), _blocks._BLOCK_BYTES)
""")
    # One thread keeps its buffers. Those of a pool end with their call.
    allowed = n_bytes + (n_jobs * buffer if n_jobs > 1 else 0)
    assert least <= allowed / page + 100


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("nperseg", [255, 256, 343, 1021, 1023, 1024, 1025])
def test_a_row_has_the_same_bits_alone_and_among_others(nperseg, dtype):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((37, 3000))
    if np.issubdtype(dtype, np.complexfloating):
        X = X + 1j * rng.standard_normal(X.shape)
    X = X.astype(dtype)
    X[::5] += 100
    params = dict(nperseg=nperseg, return_onesided=False)
    together = welch(X, **params)[1]
    for i in (0, 1, 17, 35, 36):
        np.testing.assert_array_equal(welch(X[i], **params)[1], together[i])

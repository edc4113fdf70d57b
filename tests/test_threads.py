"""Numbers of threads, of sk_psd and of torch."""

from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch

from sk_psd import WelchPSD, _blocks, _threads
from sk_psd.spectral import welch


def noise():
    return np.random.default_rng(0).standard_normal((64, 8192)).astype(np.float32)


def test_n_jobs_none_follows_parallel_config():
    X = noise()
    used = []
    pool = _threads.ThreadPoolExecutor
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_blocks, "_BLOCK_BYTES", 2**16)
        patch.setattr(
            _threads,
            "ThreadPoolExecutor",
            lambda n, **options: used.append(n) or pool(n, **options),
        )
        with joblib.parallel_config(n_jobs=3):
            WelchPSD().fit_transform(X)
        WelchPSD(n_jobs=2).fit_transform(X)
    assert used == [3, 2]


def test_threads_of_torch_are_what_they_were_also_after_concurrent_calls():
    X = noise()
    expected = welch(X)[1]
    torch.set_num_threads(2)
    try:
        with ThreadPoolExecutor(4) as callers:
            results = list(callers.map(lambda _: welch(X, n_jobs=2)[1], range(20)))
        assert torch.get_num_threads() == 2
        with ThreadPoolExecutor(1) as other:  # a new thread
            assert other.submit(torch.get_num_threads).result() == 2
    finally:
        torch.set_num_threads(1)
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_threads_of_torch_are_restored_after_an_error():
    def broken(segments):
        raise RuntimeError("broken")

    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="broken"):
            welch(noise(), detrend=broken, n_jobs=2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def look(_):
    return _threads.in_worker(), _threads.count_free_threads()


def test_a_worker_that_is_a_thread_may_use_one_thread():
    torch.set_num_threads(2)
    try:
        assert look(0) == (False, 2)
        parallel = joblib.Parallel(2, backend="threading")
        assert parallel(joblib.delayed(look)(i) for i in range(2)) == 2 * [(True, 1)]
        with ThreadPoolExecutor(1) as other:  # a thread of the user's
            assert other.submit(look, 0).result() == (False, 2)
    finally:
        torch.set_num_threads(1)


def test_other_threads_share_the_number_with_the_calls_beside_them():
    torch.set_num_threads(4)
    try:
        with ThreadPoolExecutor(1) as other:
            own = other.submit(torch.get_num_threads).result()
            assert own == 4
            with _threads.one_torch_thread():
                assert other.submit(_threads.count_free_threads).result() == 2
            assert other.submit(_threads.count_free_threads).result() == 4
    finally:
        torch.set_num_threads(1)


def test_a_forked_worker_whose_environment_limits_nothing_may_use_one(monkeypatch):
    monkeypatch.setattr(_threads, "in_worker", lambda: True)
    torch.set_num_threads(2)
    try:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        assert _threads.count_free_threads() == 1
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        assert _threads.count_free_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_a_number_of_jobs_counts_the_cores_of_this_machine_only():
    class Cluster(joblib.parallel.ThreadingBackend):
        def effective_n_jobs(self, n_jobs):
            return 1000

    joblib.register_parallel_backend("cluster", Cluster)
    with joblib.parallel_config("cluster"):
        assert joblib.effective_n_jobs(None) == 1000
        assert _threads._count_jobs(None) == 1
        assert _threads._count_jobs(3) == 3
        assert _threads._count_jobs(-1) == joblib.cpu_count()
    with joblib.parallel_config("sequential"):
        assert _threads._count_jobs(3) == 1

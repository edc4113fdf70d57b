"""Time of one search of 3 candidates in 5 folds under each backend of joblib.

    python benchmarks/search.py              # two minutes on two idle cores

The same GridSearchCV of WelchPSD and a net on 200 signals of 4096 samples, with two
workers: one after another, and with the backends loky, threading, dask and ray, which
are left out where they are not installed. "start" is the time until the workers answer,
with sk_psd imported, and "search" the wall time of `fit` after that, the median of
three. The scores of all folds must equal those of the sequential search, or the program
ends with an error.
"""

import statistics
import time
from contextlib import ExitStack

import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_psd import GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd.datasets import make_spectral_shapes


def make_search():
    model = make_pipeline(
        WelchPSD(nperseg=512, return_onesided=False, detrend=False, decibels=True),
        MinMaxScale(),
        GlobalPoolCNNClassifier(max_epochs=10, random_state=0),
    )
    grid = {"globalpoolcnnclassifier__kernel_size": [8, 16, 32]}
    return GridSearchCV(model, grid, cv=5, n_jobs=2)


def imports():
    import sk_psd

    time.sleep(0.5)  # so that each of the two workers gets a task
    return sk_psd.__version__


def start_dask(stack):
    from dask.distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    stack.enter_context(cluster)
    stack.enter_context(Client(cluster))


def start_ray(stack):
    import ray
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    stack.callback(ray.shutdown)
    register_ray()


STARTS = {"loky": None, "threading": None, "dask": start_dask, "ray": start_ray}


def scores_of(search):
    return [search.cv_results_[f"split{i}_test_score"].tolist() for i in range(5)]


def measure(search, X, y):
    """Return the median of three wall times, and the scores."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        search.fit(X, y)
        times.append(time.perf_counter() - start)
    return statistics.median(times), scores_of(search)


def main():
    X, y = make_spectral_shapes(200, n_times=4096, random_state=0)
    X = X.astype(np.complex64)
    search = make_search()
    seconds, expected = measure(search.set_params(n_jobs=None), X, y)
    search.set_params(n_jobs=2)
    print("| backend | start | search | against sequential |")
    print("|---|---|---|---|")
    print(f"| sequential | | {seconds:.1f} s | 1.00 |", flush=True)
    for name, start in STARTS.items():
        with ExitStack() as stack:
            before = time.perf_counter()
            try:
                if start is not None:
                    start(stack)
            except ImportError:
                print(f"| {name} | not installed | | |", flush=True)
                continue
            with joblib.parallel_config(name):
                parallel = joblib.Parallel(n_jobs=2)
                parallel(joblib.delayed(imports)() for _ in range(2))
                started = time.perf_counter() - before
                found, scores = measure(search, X, y)
            if scores != expected:
                raise SystemExit(f"The scores with {name} are not the sequential ones.")
            share = f"{found / seconds:.2f}"
            print(f"| {name} | {started:.1f} s | {found:.1f} s | {share} |", flush=True)


if __name__ == "__main__":
    main()

"""Searches in workers: one thread each, and the same results as without workers."""

import os
import pathlib
import subprocess
import sys
from contextlib import nullcontext

import joblib
import numpy as np
import pytest
import torch
from sklearn import config_context
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    cross_val_score,
    cross_validate,
)
from workers import (
    expected_in_process,
    make_model,
    make_search,
    make_signals,
    numbers_of,
    run_page,
    set_and_count,
    summarize,
)

X, Y = make_signals()
ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="module")
def sequential():
    return summarize(make_search().fit(X, Y))


@pytest.fixture
def two_threads():
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def global_states():
    """Return the global random states of NumPy and torch, as bytes."""
    kind, keys, place, *rest = np.random.get_state()
    return kind, keys.tobytes(), place, rest, torch.get_rng_state().numpy().tobytes()


def assert_one_thread(search, n_free=1):
    assert numbers_of(search, "in_worker") == {True}
    assert numbers_of(search, "torch_in_fit") == {1}
    assert numbers_of(search, "torch_in_predict") == {1}
    assert numbers_of(search, "free_in_predict") == {n_free}


def test_loky_workers_use_their_share_of_the_cores(sequential, capfd):
    search = make_search(n_jobs=2).fit(X, Y)
    ends = [line for line in capfd.readouterr().err.split("\n") if "WelchPSD" in line]
    assert len(ends) == 1  # the bar of the refit, which runs in this process
    assert summarize(search) == sequential
    assert_one_thread(search, expected_in_process(2))
    assert os.getpid() not in numbers_of(search, "process")


def test_threads_fit_several_models_at_a_time(sequential, two_threads):
    before = global_states()
    with joblib.parallel_config("threading"):
        search = make_search(n_jobs=3).fit(X, Y)
    assert summarize(search) == sequential
    assert_one_thread(search)
    assert numbers_of(search, "process") == {os.getpid()}
    assert global_states() == before
    assert torch.get_num_threads() == 2


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_search_on_two_dask_workers_equals_the_sequential_one(sequential, cluster):
    with joblib.parallel_config("dask"):
        search = make_search(n_jobs=-1).fit(X, Y)
    assert summarize(search) == sequential
    assert_one_thread(search)
    processes = numbers_of(search, "process")
    assert len(processes) == 2 and os.getpid() not in processes


def test_a_dask_worker_keeps_the_number_it_is_told(cluster):
    results = [cluster.submit(set_and_count, n, pure=False).result() for n in (2, 1)]
    assert results == [2, 1]


def test_transformers_in_dask_workers_do_not_count_the_cores_of_the_cluster(cluster):
    with joblib.parallel_config("dask"):
        assert joblib.effective_n_jobs(None) == 2
        parallel = joblib.Parallel(n_jobs=2)
        assert parallel(joblib.delayed(count_jobs)() for _ in range(2)) == [1, 1]


def count_jobs():
    from sk_psd._threads import _count_jobs

    return _count_jobs(None)


def test_the_dask_code_of_the_page_runs(cluster, monkeypatch):
    for name in ("LocalCluster", "Client"):  # the cluster that runs already
        opened = nullcontext(cluster)
        monkeypatch.setattr(f"dask.distributed.{name}", lambda *_, o=opened, **__: o)
    search = run_page("LocalCluster", [("cv=5", "cv=2")])
    assert search.best_score_ > 0.5


def test_dask_workers_that_are_threads_use_one_thread(sequential, two_threads):
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        search = make_search(n_jobs=-1).fit(X, Y)
    assert summarize(search) == sequential
    assert_one_thread(search)


def test_a_search_on_ray_equals_the_sequential_one():
    pytest.importorskip("ray")
    # In a process of its own, as Ray warns of much and stays in the background.
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "search_on_ray.py"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "equal, with 1 thread in each of 2 workers" in done.stdout


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_halving_search_in_workers_equals_the_sequential_one(backend):
    found = []
    for n_jobs in (None, 2):
        search = HalvingGridSearchCV(
            make_model().set_params(globalpoolcnnclassifier__callbacks=None),
            {"globalpoolcnnclassifier__lr": [1e-3, 1e-2, 3e-2]},
            cv=3,
            min_resources=36,
            random_state=0,
            n_jobs=n_jobs,
        )
        with joblib.parallel_config(backend):
            search.fit(X, Y)
        results = {
            name: np.asarray(values).tolist()
            for name, values in search.cv_results_.items()
            if "time" not in name
        }
        found.append((results, search.best_estimator_.predict_proba(X).tolist()))
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore:OptunaSearchCV is experimental")
@pytest.mark.filterwarnings("ignore:.*optuna.terminator:FutureWarning")
def test_optuna_scores_trials_in_threads_as_without_threads(two_threads):
    optuna = pytest.importorskip("optuna")
    integration = pytest.importorskip("optuna_integration")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    model = make_model()
    name = "globalpoolcnnclassifier__lr"
    search = integration.OptunaSearchCV(
        model,
        {name: optuna.distributions.FloatDistribution(1e-3, 3e-2, log=True)},
        cv=3,
        n_jobs=2,
        n_trials=3,
        random_state=0,
    )
    search.fit(X, Y)
    assert len(search.trials_) == 3
    for trial in search.trials_:
        lr = trial.params[name]
        expected = cross_val_score(model.set_params(**{name: lr}), X, Y, cv=3).mean()
        assert trial.value == expected
    assert torch.get_num_threads() == 2
    changes = [("n_trials=50", "n_trials=2, cv=2")]
    assert len(run_page("OptunaSearchCV", changes).trials_) == 2


def test_nested_grouped_folds_in_workers_equal_the_sequential_ones():
    groups = np.arange(len(X)) // 10
    search = GridSearchCV(
        make_model(),
        {"globalpoolcnnclassifier__lr": [1e-3, 3e-2]},
        cv=GroupKFold(2),
        n_jobs=2,
    )
    found = []
    with config_context(enable_metadata_routing=True):
        for n_jobs in (None, 2):
            scores = cross_validate(
                search.set_params(n_jobs=n_jobs),
                *(X, Y),
                cv=GroupKFold(3),
                params={"groups": groups},
                n_jobs=n_jobs,
                return_estimator=True,
                return_indices=True,
            )
            found.append(
                [scores["test_score"].tolist()]
                + [e.best_params_ for e in scores["estimator"]]
                + [e.predict_proba(X).tolist() for e in scores["estimator"]]
            )
            for train, test in zip(*scores["indices"].values(), strict=True):
                assert not set(groups[train]) & set(groups[test])
    assert found[0] == found[1]


def test_loky_workers_keep_the_number_they_are_told():
    # The last test with loky, as joblib starts new workers for another number.
    told = min(2, joblib.cpu_count())
    with joblib.parallel_config("loky", inner_max_num_threads=2):
        search = make_search(n_jobs=2, refit=False).fit(X, Y)
        parallel = joblib.Parallel(n_jobs=2)
        assert parallel(joblib.delayed(set_and_count)(1) for _ in range(2)) == [1, 1]
    assert_one_thread(search, told)

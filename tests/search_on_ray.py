"""A program that compares a search on Ray with the sequential one."""

import os
import sys

import joblib
import ray
from ray.util.joblib import register_ray
from workers import make_search, make_signals, numbers_of, run_page, summarize

if __name__ == "__main__":
    X, y = make_signals()
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},
    )
    register_ray()
    with joblib.parallel_config("ray"):
        search = make_search(n_jobs=2).fit(X, y)
    assert summarize(search) == summarize(make_search().fit(X, y))
    for name in ("torch_in_fit", "torch_in_predict", "free_in_predict", "in_worker"):
        assert numbers_of(search, name) == {1}, name
    processes = numbers_of(search, "process")
    assert len(processes) == 2 and os.getpid() not in processes
    ray.init = lambda **_: None  # it runs already
    assert run_page("register_ray", [("cv=5", "cv=2")]).best_score_ > 0.5
    ray.shutdown()
    print("equal, with 1 thread in each of 2 workers")

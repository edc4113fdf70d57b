"""A program that compares a search on Ray with the sequential one."""

import os
import sys

import ray
from workers import make_search, make_signals, numbers_of, run_page, summarize

if __name__ == "__main__":
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},
    )
    ray.init = lambda **_: None  # it runs already, when the code of the page starts it
    change = "GridSearchCV(model, grid, cv=5, n_jobs=2)", "make_search(n_jobs=2)"
    search = run_page("register_ray", [change])
    assert summarize(search) == summarize(make_search().fit(*make_signals()))
    for name in ("torch_in_fit", "torch_in_predict", "free_in_predict", "in_worker"):
        assert numbers_of(search, name) == {1}, name
    processes = numbers_of(search, "process")
    assert len(processes) == 2 and os.getpid() not in processes
    ray.shutdown()
    print("equal, with 1 thread in each of 2 workers")

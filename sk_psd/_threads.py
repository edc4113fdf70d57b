"""Run tasks in threads, each with torch at one thread of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from joblib import effective_n_jobs

__all__ = ["map_in_threads"]

# torch splits no operation on fewer values than this.
_SPLITS_FROM = 2**15

_lock = threading.Lock()
_n_users = 0
_n_threads_before = None


def map_in_threads(function, tasks, *, n_values, n_jobs=None):
    """Yield the result of each task, in their order.

    Torch's own threads are of no use on blocks that fit a cache: they wait for each
    other at the end of every operation, on a busy machine a hundred times longer than
    the work takes. So the tasks run side by side and torch stays at one thread.

    Parameters
    ----------
    function : callable
        Called with each task.

    tasks : sequence

    n_values : int
        How many values all tasks handle, to spare small work the threads.

    n_jobs : int or None, default=None
        Number of threads, in joblib's conventions.

    Yields
    ------
    result : object
    """
    n_jobs = min(effective_n_jobs(n_jobs), len(tasks))
    if n_jobs <= 1 and (n_values < _SPLITS_FROM or torch.get_num_threads() == 1):
        yield from map(function, tasks)
        return
    with (
        _one_torch_thread(),
        ThreadPoolExecutor(
            n_jobs, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool,
    ):
        yield from pool.map(function, tasks)


@contextmanager
def _one_torch_thread():
    """Restore torch's number of threads when the last of all users has finished.

    This sets no number itself: the threads of the pool do, each for itself and for the
    math library, which all threads share. They end with their work, so the number of
    the caller's thread stays as it was.
    """
    global _n_users, _n_threads_before
    with _lock:
        if _n_users == 0:
            _n_threads_before = torch.get_num_threads()
        _n_users += 1
    try:
        yield
    finally:
        with _lock:
            _n_users -= 1
            if _n_users == 0:
                restore = threading.Thread(
                    target=torch.set_num_threads, args=(_n_threads_before,)
                )
                restore.start()
                restore.join()

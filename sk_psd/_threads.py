"""Run tasks in threads, each with torch at one thread of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend

__all__ = ["free_threads", "map_in_threads", "one_torch_thread"]

# torch splits no operation on fewer values than this.
_SPLITS_FROM = 2**15

_lock = threading.Lock()
_n_users = 0
_n_threads_before = None


@contextmanager
def one_torch_thread():
    """Run the body with torch at one thread, and restore the number after it.

    torch keeps a number for each thread, and one for the math library and for all
    threads that start later. Each user restores the former, the last one the latter.
    """
    _enter()
    own = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        yield
    finally:
        _leave(own)


def free_threads():
    """Return the number of threads among which work may be shared here.

    Returns
    -------
    n_threads : int
        Torch's number, which `torch.set_num_threads`, ``OMP_NUM_THREADS`` and
        threadpoolctl limit; 1 in a worker of joblib, as the others use the cores.
    """
    return 1 if get_active_backend()[0].nesting_level else torch.get_num_threads()


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
    if n_jobs <= 1:
        with one_torch_thread():
            yield from map(function, tasks)
        return
    _enter()
    try:
        with ThreadPoolExecutor(
            n_jobs, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            yield from pool.map(function, tasks)
    finally:
        _leave()


def _enter():
    """Add a user. The first one notes the number that threads get when they start."""
    global _n_users, _n_threads_before
    with _lock:
        if _n_users == 0:
            _n_threads_before = _in_main_or_new_thread(torch.get_num_threads)
        _n_users += 1


def _leave(own=None):
    """Remove a user, restore its `own` number of threads and that of later threads."""
    global _n_users
    with _lock:
        _n_users -= 1
        later = 1 if _n_users else _n_threads_before
        if own is not None:
            torch.set_num_threads(own)
        if own != later:
            _in_new_thread(lambda: torch.set_num_threads(later))


def _in_main_or_new_thread(function):
    # A thread that started beside another user has kept one thread for itself.
    if threading.current_thread() is threading.main_thread():
        return function()
    return _in_new_thread(function)


def _in_new_thread(function):
    """Return the result of a function in a thread that ends with it."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]

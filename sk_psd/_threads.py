"""Threads of the package, with torch limited to one in each, and workers."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from joblib import cpu_count
from joblib.parallel import SequentialBackend, get_active_backend

__all__ = ["count_free_threads", "in_worker", "map_in_threads", "one_torch_thread"]

# torch keeps a number of threads for each thread, and one that threads get when they
# start. The latter is shared, so these variables count the calls that need it to be 1.
# The last call to end restores it.
_lock = threading.Lock()
_n_calls = 0
_n_threads_before = None


@contextmanager
def one_torch_thread():
    """Run the body with torch limited to one thread, and restore the number after it.

    Several threads may run bodies at a time.
    """
    _begin_call()
    own = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        yield
    finally:
        _end_call(own)


def in_worker():
    """Say whether the calling thread runs a task of joblib, Ray's backend or dask.

    Returns
    -------
    is_worker : bool
    """
    # joblib counts no level in a task of dask.
    return bool(get_active_backend()[0].nesting_level) or _dask_worker() is not None


def _dask_worker():
    """Return the dask worker that runs the calling thread's task, or None."""
    find = getattr(sys.modules.get("distributed"), "get_worker", None)
    try:
        return find and find()
    except ValueError:  # not in a task
        return None


def count_free_threads():
    """Return the number of threads that the calling thread may use.

    Returns
    -------
    n_threads : int
        Outside of workers the number of torch, which `torch.set_num_threads`,
        ``OMP_NUM_THREADS`` and threadpoolctl limit. The same in a worker that is a
        process of its own: joblib, dask and Ray start it with ``OMP_NUM_THREADS`` set,
        so that all workers together use each core once. In a worker that is a thread
        it is 1, as the other workers use the other cores. Other threads, such as those
        of Optuna, share the number with the fits and predictions that run beside them.
    """
    if in_worker() and not (_in_own_process() and "OMP_NUM_THREADS" in os.environ):
        return 1
    return max(1, torch.get_num_threads() // (1 + _n_calls))


def _in_own_process():
    """Say whether the calling worker is a process, not a thread of the user's."""
    worker = _dask_worker()
    if worker is not None:
        return worker.nanny is not None  # dask's parent of such a process
    return threading.current_thread() is threading.main_thread()


def map_in_threads(function, tasks, *, n_jobs=None):
    """Yield the result of each task, in the order of the tasks.

    Tasks run side by side, with torch limited to one thread in each. The threads of
    torch itself do not pay off on blocks that fit the cache. They wait for each other
    at the end of every operation, on a busy machine a hundred times longer than the
    operation takes.

    Parameters
    ----------
    function : callable
        Called with each task.

    tasks : sequence
        The tasks.

    n_jobs : int or None, default=None
        Number of threads, as in joblib.

    Yields
    ------
    result : object
        Result of one task.
    """
    n_jobs = min(_count_jobs(n_jobs), len(tasks))
    if n_jobs <= 1 and torch.get_num_threads() == 1:
        yield from map(function, tasks)
        return
    if n_jobs <= 1:
        with one_torch_thread():
            yield from map(function, tasks)
        return
    _begin_call()
    try:
        with ThreadPoolExecutor(
            n_jobs, initializer=torch.set_num_threads, initargs=(1,)
        ) as pool:
            yield from pool.map(function, tasks)
    finally:
        _end_call()


def _count_jobs(n_jobs):
    """Return the number of threads on this machine for `n_jobs`.

    joblib itself counts the cores of all machines with dask and Ray, but these threads
    run on this one.
    """
    backend, n_default = get_active_backend()
    if n_jobs is None:
        n_jobs = 1 if n_default is None else n_default
    if isinstance(backend, SequentialBackend):
        return 1
    return n_jobs if n_jobs > 0 else max(cpu_count() + 1 + n_jobs, 1)


def _begin_call():
    """Count a call. The first one stores the number that new threads get."""
    global _n_calls, _n_threads_before
    with _lock:
        if _n_calls == 0:
            # The number of this thread may be 1 from an earlier call. The main thread
            # has the number of the user, and is faster to ask than a new thread.
            is_main = threading.current_thread() is threading.main_thread()
            ask = torch.get_num_threads
            _n_threads_before = ask() if is_main else _run_in_new_thread(ask)
        _n_calls += 1


def _end_call(own=None):
    """Count a call as ended, and restore numbers of threads.

    Parameters
    ----------
    own : int, default=None
        Number to restore in the calling thread. Setting it also sets the number that
        new threads get.
    """
    global _n_calls
    with _lock:
        _n_calls -= 1
        for_new_threads = 1 if _n_calls else _n_threads_before
        if own is not None:
            torch.set_num_threads(own)
        if own != for_new_threads:
            # In a new thread, as it must not change the number of this one.
            _run_in_new_thread(lambda: torch.set_num_threads(for_new_threads))


def _run_in_new_thread(function):
    """Return the result of a function that runs in a thread of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]

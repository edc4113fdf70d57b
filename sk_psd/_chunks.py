"""Run a net on many rows, a few at a time, so that no row depends on another."""

import numpy as np
import torch

from sk_psd._threads import count_free_threads, map_in_threads
from sk_psd._torch_settings import torch_defaults

__all__ = ["CPU_ROWS", "run_in_chunks"]

# Rows of one forward pass on a CPU, few enough for its cache. Chunks of 2 rows or more
# give the same bits for each row; a single row would not, so a second one joins it.
CPU_ROWS = 32
_MIN_CPU_ROWS = 2
# On an accelerator the bits depend on the number of rows, so all chunks have the same.
_ACCELERATOR_ROWS = 1024


def run_in_chunks(function, X, n_out, device, prepare):
    """Return what a net gives for each row, in float32.

    What a row gives does not depend on the other rows. On a CPU threads share the
    chunks.

    Parameters
    ----------
    function : callable
        Maps a Tensor of rows on the device to one of shape (n_rows, n_out).

    X : ndarray or Tensor of shape (n_samples, ...)

    n_out : int

    device : torch.device

    prepare : callable
        Maps some rows of X to a Tensor on the device.

    Returns
    -------
    result : float32 ndarray of shape (n_samples, n_out)
    """
    on_cpu = device.type == "cpu"
    n_rows = CPU_ROWS if on_cpu else _ACCELERATOR_ROWS
    min_rows = _MIN_CPU_ROWS if on_cpu else n_rows
    result = np.empty((len(X), n_out), np.float32)

    def run(rows):
        with torch_defaults(), torch.inference_mode():
            x = prepare(X[rows])
            n = len(x)
            if n < min_rows:
                x = torch.cat([x, x.new_zeros(min_rows - n, *x.shape[1:])])
            result[rows] = function(x)[:n].cpu().numpy()

    starts = range(0, len(X), n_rows)
    chunks = [slice(first, first + n_rows) for first in starts]
    if on_cpu:
        n_jobs = count_free_threads()
        done = map_in_threads(run, chunks, n_jobs=n_jobs)
    else:
        done = map(run, chunks)
    for _ in done:
        pass
    return result

"""Run a net on many rows, a few at a time, so that no row depends on another."""

import numpy as np
import torch
from torch.nn.modules.conv import _ConvNd

from sk_psd._threads import count_free_threads, map_in_threads
from sk_psd._torch_settings import torch_defaults

__all__ = ["CPU_ROWS", "count_min_rows", "run_in_chunks"]

# Rows of one forward pass on a CPU, few enough for its cache.
CPU_ROWS = 32
# On an accelerator the bits depend on the number of rows, so all chunks have the same.
_ACCELERATOR_ROWS = 1024


def count_min_rows(module, device):
    """Return the least number of rows for which a net gives a row its own bits.

    On a CPU convolutions along one axis sum each row in the same order from 2 rows on.
    The order of others may depend on the number of rows, so they always get as many.
    So does that of a kernel of one value, which is a product of matrices.

    Parameters
    ----------
    module : torch.nn.Module

    device : torch.device

    Returns
    -------
    min_rows : int
    """
    if device.type != "cpu":
        return _ACCELERATOR_ROWS
    convolutions = [m for m in module.modules() if isinstance(m, _ConvNd)]
    are_safe = all(_is_along_one_axis(conv) for conv in convolutions)
    return 2 if are_safe else CPU_ROWS


def _is_along_one_axis(conv):
    """Say whether the kernel and the steps are longer than 1 on the last axis alone."""
    *others, (kernel_size, stride) = zip(conv.kernel_size, conv.stride, strict=True)
    return (kernel_size, stride) != (1, 1) and all(sizes == (1, 1) for sizes in others)


def run_in_chunks(function, X, n_out, device, prepare, min_rows):
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

    min_rows : int
        A chunk of fewer rows is padded with zeros, see :func:`count_min_rows`.

    Returns
    -------
    result : float32 ndarray of shape (n_samples, n_out)
    """
    on_cpu = device.type == "cpu"
    n_rows = CPU_ROWS if on_cpu else _ACCELERATOR_ROWS
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

"""Run a net on many rows in chunks, so that no row depends on the other rows."""

import numpy as np
import torch
from torch.nn.modules.conv import _ConvNd

from sk_psd._threads import count_free_threads, map_in_threads
from sk_psd._torch_settings import torch_defaults

__all__ = ["CPU_ROWS", "count_min_rows", "run_in_chunks"]

# Rows of one forward pass on a CPU, few enough for its cache.
CPU_ROWS = 32
# On an accelerator the bits depend on the number of rows. So all chunks have as many.
_ACCELERATOR_ROWS = 1024


def count_min_rows(module, device):
    """Return the least number of rows for which a row does not depend on the others.

    On a CPU a convolution along one axis adds in the same order for any number of rows
    from 2 on. The order of other convolutions may depend on the number of rows. So may
    the order of a convolution with a kernel of one value, which is a matrix product.
    Nets with such layers always get the same number of rows.

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
    """Say whether kernel size or stride exceeds 1 on the last axis and on no other."""
    *others, (kernel_size, stride) = zip(conv.kernel_size, conv.stride, strict=True)
    return (kernel_size, stride) != (1, 1) and all(sizes == (1, 1) for sizes in others)


def run_in_chunks(function, X, n_out, device, prepare, min_rows):
    """Return the output of a net for each row, in float32.

    The output for a row does not depend on the other rows. On a CPU threads share the
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

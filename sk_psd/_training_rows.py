"""Training rows on the device, or on the host where the device has no room for them."""

import math

import torch

from sk_psd._device import fits_on_device
from sk_psd._standardize import standardize_when_read

__all__ = ["HostRows", "are_too_large_to_copy", "move_rows", "place_rows", "take_rows"]

# Values that are copied to the device at a time, so that the host needs no second copy.
_COPIED_VALUES = 2**22


def place_rows(X, mean, deviation, device):
    """Return standardized rows for a training on a device.

    Parameters
    ----------
    X : ndarray or Tensor of shape (n_samples, ...)

    mean, deviation : float
        Mean and standard deviation of the training data.

    device : torch.device
        Device of the training.

    Returns
    -------
    x : float32 Tensor, StandardizedRows or HostRows of the shape of `X`
        A Tensor on the device if it has room. HostRows otherwise. On a CPU
        StandardizedRows, or a Tensor if `X` is one or its rows are not contiguous.

    Raises
    ------
    ValueError
        If float32 cannot hold a result.
    """
    is_near = isinstance(X, torch.Tensor) and X.device.type == device.type
    if device.type == "cpu" or is_near and fits_on_device(4 * X.numel(), device):
        return standardize_when_read(X, mean, deviation, device)
    host = torch.device("cpu")
    X = X.to(host) if isinstance(X, torch.Tensor) else X
    return move_rows(standardize_when_read(X, mean, deviation, host), device)


def move_rows(rows, device):
    """Return rows on a device, or HostRows if the device has no room for them.

    Parameters
    ----------
    rows : float32 Tensor or StandardizedRows of shape (n_samples, ...)
        Rows on the CPU.

    device : torch.device

    Returns
    -------
    x : float32 Tensor or HostRows of the shape of `rows`
    """
    if not fits_on_device(4 * math.prod(rows.shape), device):
        return HostRows(rows, device)
    if isinstance(rows, torch.Tensor):
        return rows.to(device)
    x = torch.empty(rows.shape, dtype=torch.float32, device=device)
    n_rows = max(1, _COPIED_VALUES // math.prod(rows.shape[1:]))
    for first in range(0, len(rows), n_rows):
        part = slice(first, first + n_rows)
        x[part].copy_(rows[part])
    return x


def take_rows(rows, index, host_index):
    """Return some rows as a Tensor on the device of the training.

    Parameters
    ----------
    rows : Tensor, StandardizedRows or HostRows

    index, host_index : int64 Tensor of shape (n_rows,)
        Which rows, as one Tensor on the device of the training and one on the CPU.

    Returns
    -------
    batch : Tensor of shape (n_rows, ...)
    """
    return rows[host_index if isinstance(rows, HostRows) else index]


def are_too_large_to_copy(rows):
    """Say whether the device, or the memory of the host, may lack room for all rows.

    Parameters
    ----------
    rows : Tensor, StandardizedRows or HostRows

    Returns
    -------
    are_too_large : bool
        True for HostRows, and for rows of a mapped file.
    """
    return isinstance(rows, HostRows) or getattr(rows, "is_mapped", False)


class HostRows:
    """Rows on the host that are copied to a device when they are read.

    Replaces a Tensor on the device for code that reads rows only. The copy runs while
    the host goes on, as it starts from pinned memory.

    Parameters
    ----------
    rows : float32 Tensor or StandardizedRows of shape (n_samples, ...)
        Rows on the CPU.

    device : torch.device
        Device of the rows that are read.

    change : callable or None, default=None
        Applied to the rows that are read, on the device.
    """

    dtype = torch.float32

    def __init__(self, rows, device, change=None):
        self.rows, self.device, self.change = rows, device, change
        self.shape, self.ndim = rows.shape, rows.ndim

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        x = self.rows[index]
        if self.device.type == "cuda":
            x = x.pin_memory()
        x = x.to(self.device, non_blocking=True)
        return x if self.change is None else self.change(x)

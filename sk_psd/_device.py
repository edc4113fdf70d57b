"""The torch device of a training: its name, its free memory and its other users."""

import warnings

import torch

from sk_psd._threads import in_worker

__all__ = [
    "fits_on_device",
    "release_unused_memory",
    "resolve_device",
    "warn_of_shared_device",
]

# Share of the free memory that one set of training data may take. The noise floor that
# shifts are filled with takes half as much again. The net, the batches and their
# gradients need the rest.
_DATA_SHARE = 0.5

_has_warned = False


def resolve_device(device):
    """Return the torch device for the value of a `device` parameter.

    Parameters
    ----------
    device : str
        "auto" is CUDA if this machine has it, and the CPU otherwise. Other names are
        those of torch.

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If torch does not know the name or finds no such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            "device must be 'auto' or a device of torch such as 'cpu', 'cuda', "
            f"'cuda:1' or 'mps'. Got {device!r} instead."
        ) from error
    found = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }.get(resolved.type, 0)
    if (resolved.index or 0) >= found:
        raise ValueError(
            f"device={device!r} was asked for, but torch finds {found} "
            f"{resolved.type} device(s) here. Use device='auto' or 'cpu'."
        )
    return resolved


def fits_on_device(n_bytes, device):
    """Say whether training data may take `n_bytes` of the memory of a device.

    Parameters
    ----------
    n_bytes : int

    device : torch.device

    Returns
    -------
    fits : bool
        Whether they take at most half of the free memory of a CUDA device. True for
        other devices, whose memory is that of the host.
    """
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    # torch keeps memory for its next tensors, which the driver counts as used.
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return n_bytes <= _DATA_SHARE * free


def release_unused_memory(device):
    """Give the memory that torch keeps for its next tensors back to a CUDA device.

    Other processes, such as the workers of a search, can then use it.

    Parameters
    ----------
    device : torch.device
    """
    if device.type == "cuda":
        torch.cuda.empty_cache()


def warn_of_shared_device(device):
    """Warn once in each process if workers train on the same CUDA device.

    Parameters
    ----------
    device : torch.device
        Device of the training that the calling process begins.
    """
    global _has_warned
    if _has_warned or device.type != "cuda" or not in_worker():
        return
    _has_warned = True
    warnings.warn(
        f"This fit on device={str(device)!r} runs in a worker, as n_jobs is above 1 or "
        "a cluster shares the work. The workers share the device: their computations "
        "take turns, so that n_jobs > 1 gains little, and each process needs about "
        "0.5 GB of its memory for a CUDA context. Set n_jobs=1, or device='cpu' in the "
        "search, or give each worker a device of its own by the variable "
        "CUDA_VISIBLE_DEVICES, and ignore this warning then.",
        stacklevel=5,
    )

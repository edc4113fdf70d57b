"""Keep what the user set in torch away from the package's own computations."""

from contextlib import ExitStack, contextmanager

import torch

__all__ = ["plain_torch"]


@contextmanager
def plain_torch():
    """Run the body in torch's state at start, whatever the user set.

    Without autocast, which would round; without inference mode and with gradients,
    which training needs; with the CPU as the default device. The default dtype is
    global, so it stays, and the package names the dtype of all that it makes.
    """
    with ExitStack() as settings:
        if torch.get_default_device().type != "cpu":
            settings.enter_context(torch.device("cpu"))
        for device in ("cpu", "cuda", "mps"):
            if torch.is_autocast_enabled(device):
                settings.enter_context(torch.autocast(device, enabled=False))
        settings.enter_context(torch.inference_mode(False))
        settings.enter_context(torch.enable_grad())
        yield

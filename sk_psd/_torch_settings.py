"""Default settings of torch for the computations of the package."""

from contextlib import ExitStack, contextmanager

import torch

__all__ = ["torch_defaults"]


@contextmanager
def torch_defaults():
    """Run the body with torch's default settings, whatever the user has set.

    The default device is the CPU. Autocast is off, as it would round. Inference mode is
    off and gradients are on, as training needs them. The default dtype stays, as it is
    shared by all threads. So the package passes a dtype with every tensor it makes.
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

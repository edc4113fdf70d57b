"""The parts of the nets: convolution block, norm, global pool, seeded weights."""

import math
from numbers import Integral

import torch
from torch import nn
from torch.nn import functional as F

__all__ = [
    "AxisNorm",
    "ConvBlock",
    "GlobalPool",
    "both_ends",
    "one_per_layer",
    "reset_parameters",
]


def one_per_layer(value, depth):
    """Return a list of `depth` values, from one for all layers or one for each.

    Parameters
    ----------
    value : int or sequence of int

    depth : int
        Number of layers.

    Returns
    -------
    values : list of int
    """
    return [value] * depth if isinstance(value, Integral) else list(value)


def both_ends(kernel_size):
    """Return the padding before and after an axis that keeps its length.

    Parameters
    ----------
    kernel_size : int

    Returns
    -------
    before, after : int
    """
    before = (kernel_size - 1) // 2
    return before, kernel_size - 1 - before


class ConvBlock(nn.Module):
    """Padding, convolution without bias, batch norm and ReLU over frequency.

    A spectrum is an image of height one: two-dimensional convolutions in the
    channels-last layout are faster than one-dimensional ones on every CPU tried.

    Parameters
    ----------
    in_channels, out_channels : int

    kernel_size : int

    stride : int, default=1

    padding_mode : {"circular", "zeros", "reflect", "replicate"}, default="circular"
        What lies beyond the ends of the axis. The output has ``ceil(F / stride)``
        bins in every mode.

    downsampling : {"stride", "blur"}, default="stride"
        "blur" takes half of an even stride and smooths the rest away after the ReLU,
        which keeps what lies between the steps from aliasing [1]_.

    References
    ----------
    .. [1] Zhang, R. (2019). "Making convolutional networks shift-invariant again".
       ICML, 7324-7334. :arxiv:`1904.11486`
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding_mode="circular",
        downsampling="stride",
    ):
        super().__init__()
        self.blurs = downsampling == "blur" and stride % 2 == 0
        stride = stride // 2 if self.blurs else stride
        self.padding = (*both_ends(kernel_size), 0, 0)
        self.padding_mode = "constant" if padding_mode == "zeros" else padding_mode
        self.conv = nn.Conv2d(
            in_channels, out_channels, (1, kernel_size), (1, stride), bias=False
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        """Map (N, C, 1, F) to (N, C', 1, ceil(F / stride))."""
        x = F.pad(x, self.padding, mode=self.padding_mode)  # (N, C, 1, F + K - 1)
        x = F.relu(self.norm(self.conv(x)))  # (N, C', 1, ceil(F / S))
        return self._blur(x) if self.blurs else x

    def _blur(self, x):
        n = x.shape[-1]
        x = F.pad(x, (1, 1, 0, 0), mode=self.padding_mode)  # (N, C', 1, n + 2)
        x = x[..., 0:n:2] + 2 * x[..., 1 : n + 1 : 2] + x[..., 2 : n + 2 : 2]
        return x / 4  # (N, C', 1, ceil(n / 2))


class AxisNorm(nn.Module):
    """Batch norm with one mean and one variance for each index of one axis.

    Both are taken over all other axes, the samples included, and the scale and the
    offset that are learned belong to the same index. Of batches (samples, time,
    frequency, channel), as Keras has them, "channel", "frequency" and "time" are
    ``axis=-1``, ``axis=2`` and ``axis=1``.

    Parameters
    ----------
    axis : {"channel", "frequency", "time"} or None
        None normalises nothing.

    n_channels, n_freqs, n_frames : int
        Shape of the input without the samples.

    References
    ----------
    .. [1] Ioffe, S., Szegedy, C. (2015). "Batch normalization: accelerating deep
       network training by reducing internal covariate shift". ICML, 448-456.
       :arxiv:`1502.03167`
    """

    def __init__(self, axis, n_channels, n_freqs, n_frames):
        super().__init__()
        sizes = {"channel": n_channels, "frequency": n_freqs, "time": n_frames}
        self.dim = 1 + list(sizes).index(axis) if axis else 1
        self.norm = nn.BatchNorm2d(sizes[axis]) if axis else nn.Identity()

    def forward(self, x):
        """Normalise.

        Parameters
        ----------
        x : Tensor of shape (N, C, F, T)

        Returns
        -------
        y : Tensor like `x`
        """
        return self.norm(x.transpose(1, self.dim)).transpose(1, self.dim)


class GlobalPool(nn.Module):
    """Maximum and / or mean over the last axis.

    Parameters
    ----------
    pooling : {"max", "mean", "max_mean"}, default="max_mean"
        "max_mean" concatenates both, maxima first.
    """

    def __init__(self, pooling="max_mean"):
        super().__init__()
        self.pooling = pooling

    def forward(self, x):
        """Map (N, C, F) to (N, C), or to (N, 2C) for both."""
        parts = {"max": lambda: x.amax(-1), "mean": lambda: x.mean(-1)}
        return torch.cat(
            [parts[p]() for p in self.pooling.split("_")], 1
        )  # (N, C or 2C)


def reset_parameters(module, generator):
    """Draw all weights anew as torch does by default, from one generator.

    Parameters
    ----------
    module : torch.nn.Module of convolutions, linear layers and batch norms
        Changed in place; may have come from the "meta" device.

    generator : torch.Generator
    """
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.reset_parameters()
        elif isinstance(layer, (nn.modules.conv._ConvNd, nn.Linear)):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            if layer.bias is not None:
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)

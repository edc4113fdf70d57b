"""The parts of the nets: convolution block, norm, global pool, seeded weights."""

import math
from numbers import Integral

import torch
from torch import nn
from torch.nn import functional as F

from sk_psd.nn.gradients import (
    max_and_mean_in_training,
    pad_circularly,
    pad_in_training,
)

__all__ = [
    "AxisNorm",
    "ConvBlock",
    "GlobalPool",
    "Head",
    "Level",
    "check_size",
    "empty_module",
    "one_per_layer",
    "reset_parameters",
    "same_padding",
]

# Products of matrices treat a row alike wherever it lies in memory if all rows start
# at a multiple of so many values.
_ALIGNED_VALUES = 16


def check_size(name, value, low=1):
    """Return a whole number as an int of Python, which no product overflows.

    Parameters
    ----------
    name : str
        For the message.

    value : int

    low : int, default=1
        The smallest one.

    Returns
    -------
    size : int
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be an int of at least {low}. Got {value!r}.")
    return int(value)


def one_per_layer(name, value, depth=None):
    """Return a list of values, from one for all layers or one for each.

    Parameters
    ----------
    name : str
        For the messages.

    value : int or sequence of int

    depth : int, default=None
        Number of layers. None takes any number, but one value for each.

    Returns
    -------
    values : list of int
    """
    try:
        one_for_all = depth is not None and isinstance(value, Integral)
        values = [value] * depth if one_for_all else list(value)
    except TypeError:
        raise ValueError(f"{name} must be a sequence of int. Got {value!r}.") from None
    values = [check_size(f"each of {name}", v) for v in values]
    if len(values) != depth and (depth is not None or not values):
        layers = "at least one layer" if depth is None else f"each of {depth} layers"
        raise ValueError(f"{name} must have a value for {layers}. Got {value!r}.")
    return values


def same_padding(kernel_size):
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

    padding_mode : {"circular", "zeros"}, default="circular"
        Values beyond the ends of the axis. The output has ``ceil(F / stride)`` bins in
        both modes.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding_mode="circular",
    ):
        super().__init__()
        self.padding = same_padding(kernel_size)
        self.padding_mode = padding_mode
        self.conv = nn.Conv2d(
            in_channels, out_channels, (1, kernel_size), (1, stride), bias=False
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        """Map (N, C, 1, F) to (N, C', 1, ceil(F / stride))."""
        x = self._pad(x)  # (N, C, 1, F + K - 1)
        # In place, as new memory costs as much as the ReLU itself.
        return F.relu_(self.norm(self.conv(x)))  # (N, C', 1, ceil(F / S))

    def _pad(self, x):
        if self.padding_mode == "zeros":
            return F.pad(x, self.padding)
        # A prediction uses plain operations, which torch can trace and export.
        pad = pad_in_training if self.training else pad_circularly
        return pad(x, *self.padding)


class AxisNorm(nn.Module):
    """Batch norm with one mean and one variance for each index of one axis.

    Both are taken over all other axes, the samples included, and the scale and the
    offset that are learned belong to the same index. Of batches (samples, time,
    frequency, channel), as Keras has them, "channel", "frequency" and "time" are
    ``axis=-1``, ``axis=2`` and ``axis=1``.

    Parameters
    ----------
    axis : {"channel", "frequency", "time"} or None
        None normalizes nothing.

    n_channels, n_freqs, n_frames : int
        Shape of the input without the samples.

    References
    ----------
    .. [1] Ioffe, S., Szegedy, C. (2015). "Batch normalization: accelerating deep
       network training by reducing internal covariate shift". ICML, 448-456.
       :arxiv:`1502.03167`

    Examples
    --------
    >>> import torch
    >>> from sk_psd.nn import AxisNorm
    >>> x = torch.arange(4.0).reshape(1, 1, 4, 1) + torch.randn(8, 2, 4, 10)
    >>> norm = AxisNorm("frequency", n_channels=2, n_freqs=4, n_frames=10)
    >>> bool((norm(x).mean(dim=(0, 1, 3)).abs() < 1e-5).all())  # each band has mean 0
    True
    """

    def __init__(self, axis, n_channels, n_freqs, n_frames):
        super().__init__()
        sizes = {"channel": n_channels, "frequency": n_freqs, "time": n_frames}
        self.dim = 1 + list(sizes).index(axis) if axis else 1
        self.norm = nn.BatchNorm2d(sizes[axis]) if axis else nn.Identity()

    def forward(self, x):
        """Normalize.

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
        if self.training and self.pooling == "max_mean":
            return max_and_mean_in_training(x)
        parts = {"max": lambda: x.amax(-1), "mean": lambda: x.mean(-1)}
        return torch.cat(
            [parts[p]() for p in self.pooling.split("_")], 1
        )  # (N, C or 2C)


class Level(nn.Module):
    """Take the level of each channel of each sample out, or scale its span to [0, 1].

    Both use values at fixed ranks only, so that a circular shift of a spectrum gives
    the shifted result to the last bit. Then one mean and one deviation of the training
    data standardize the result.

    Parameters
    ----------
    level : {"median", "minmax"} or None
        "median" subtracts the median. "minmax" subtracts the minimum and divides by
        the span. None leaves the values as they are.

    Examples
    --------
    >>> import torch
    >>> from sk_psd.nn import Level
    >>> Level("minmax")(torch.tensor([[[2.0, 6.0, 4.0]]]))
    tensor([[[0.0000, 1.0000, 0.5000]]])
    """

    def __init__(self, level):
        super().__init__()
        self.level = level
        if level is not None:
            self.register_buffer("mean", torch.zeros(()))
            self.register_buffer("deviation", torch.ones(()))

    def reset_parameters(self):
        """Set the mean to 0 and the deviation to 1."""
        if self.level is not None:
            self.mean.zero_()
            self.deviation.fill_(1.0)

    def learn(self, x):
        """Set the mean and the deviation to those of training data.

        Parameters
        ----------
        x : Tensor of shape (N, C, F) or (N, C, F, T)
            Or StandardizedRows, whose slices are Tensors.
        """
        if self.level is None:
            return
        # In parts, so that the memory for intermediate results is small.
        n_rows = max(1, 2**20 // math.prod(x.shape[1:]))

        def average(function):
            starts = range(0, len(x), n_rows)
            parts = (self._take_out(x[first : first + n_rows]) for first in starts)
            sums = (float(function(part).sum()) for part in parts)
            return math.fsum(sums) / math.prod(x.shape)

        mean = average(lambda part: part)
        variance = average(lambda part: (part - mean).square())
        self.mean.fill_(mean)
        self.deviation.fill_(math.sqrt(variance) or 1.0)

    def forward(self, x):
        """Return the standardized values.

        Parameters
        ----------
        x : Tensor of shape (N, C, F) or (N, C, F, T)

        Returns
        -------
        y : Tensor like `x`
        """
        if self.level is None:
            return x
        return (self._take_out(x) - self.mean) / self.deviation

    def _take_out(self, x):
        values = x.flatten(2)
        if self.level == "median":  # the lower of two middle values
            shift = values.median(-1, keepdim=True).values
            return (values - shift).view(x.shape)
        low, high = values.aminmax(dim=-1, keepdim=True)
        span = torch.where(high > low, high - low, 1)
        return ((values - low) / span).view(x.shape)


class Head(nn.Linear):
    """A linear layer in which the result of a row depends on no other row.

    Products of matrices sum a row in an order that depends on where the row starts in
    memory. Features and weights are therefore padded with zeros to a multiple of 16
    values, so that all rows start alike.

    Parameters
    ----------
    in_features, out_features : int
    """

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)

    def forward(self, x):
        """Return a linear function of the features of each row.

        Parameters
        ----------
        x : Tensor of shape (N, in_features)

        Returns
        -------
        y : Tensor of shape (N, out_features)
        """
        missing = -self.in_features % _ALIGNED_VALUES
        if missing == 0:
            return super().forward(x)
        x, weight = F.pad(x, (0, missing)), F.pad(self.weight, (0, missing))
        return F.linear(x, weight, self.bias)


def empty_module(module_class, config):
    """Return a module with memory for its parameters, but without values.

    Touches no random state, and none of the slow imports of torch's own way from the
    "meta" device.

    Parameters
    ----------
    module_class : type
        Class of the module.

    config : dict
        Its parameters.

    Returns
    -------
    module : torch.nn.Module
        In float32, on the CPU, and with the weights of two-dimensional convolutions in
        the channels-last layout, which is the faster one on a CPU.
    """
    with torch.device("meta"):
        module = module_class(**config)
    for layer in module.modules():
        for values in (layer._parameters, layer._buffers):
            for name, value in values.items():
                if value is None:
                    continue
                dtype = torch.float32 if value.is_floating_point() else value.dtype
                memory = torch.empty(value.shape, dtype=dtype, device="cpu")
                trained = isinstance(value, nn.Parameter)
                values[name] = nn.Parameter(memory) if trained else memory
    return module.to(memory_format=torch.channels_last)


def reset_parameters(module, generator):
    """Draw all weights anew as torch does by default, from one generator.

    Parameters
    ----------
    module : torch.nn.Module of convolutions, linear layers, batch norms and levels
        Changed in place; may have come from :func:`empty_module`.

    generator : torch.Generator

    Raises
    ------
    TypeError
        If a layer of another kind has parameters. They would keep random memory.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.modules.batchnorm._BatchNorm, Level)):
            layer.reset_parameters()
        elif isinstance(layer, (nn.modules.conv._ConvNd, nn.Linear)):
            bound = 1 / math.sqrt(layer.weight[0].numel())
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            if layer.bias is not None:
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
        elif layer._parameters or layer._buffers:
            raise TypeError(
                "Layers with parameters must be convolutions, linear layers or batch "
                f"norms. Got {type(layer).__name__}, whose values nobody draws."
            )

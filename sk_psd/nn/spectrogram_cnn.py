"""SpectrogramCNN: convolutions over frequency and time, a pool, one linear layer."""

from torch import nn
from torch.nn import functional as F

from sk_psd.nn.layers import (
    AxisNorm,
    GlobalPool,
    Head,
    Level,
    check_size,
    one_per_layer,
    same_padding,
)

__all__ = ["SpectrogramCNN", "spectrogram_layers"]


def spectrogram_layers(
    n_freqs, n_frames, n_filters=(16, 32, 64, 64), kernel_size=None, stride=None
):
    """Choose the kernel and the stride of each layer for a spectrogram.

    Parameters
    ----------
    n_freqs, n_frames : int

    n_filters : sequence of int, default=(16, 32, 64, 64)
        Output channels of each layer.

    kernel_size, stride : int, sequence of int or None, default=None
        Along both axes, for all layers or for each. None is a kernel of 5, then 3, and
        strides 2, 2, 1, 2, 1, 2, ... Where a layer sees fewer bins or frames than
        its kernel has, the kernel is shortened. A stride is at most a quarter of them.

    Returns
    -------
    layers : list of (n_filters, kernel_sizes, strides)
        The latter two as pairs (along frequency, along time).

    Examples
    --------
    >>> from sk_psd.nn import spectrogram_layers
    >>> spectrogram_layers(128, 64, n_filters=(16, 32))
    [(16, (5, 5), (2, 2)), (32, (3, 3), (2, 2))]
    """
    sizes = check_size("n_freqs", n_freqs), check_size("n_frames", n_frames)
    n_filters = one_per_layer("n_filters", n_filters)
    depth = len(n_filters)
    if kernel_size is None:
        kernel_size = [5] + [3] * (depth - 1)
    if stride is None:
        stride = [2] + [2, 1] * depth
        stride = stride[:depth]
    kernels = one_per_layer("kernel_size", kernel_size, depth)
    strides = one_per_layer("stride", stride, depth)
    layers = []
    for filters, k, s in zip(n_filters, kernels, strides, strict=True):
        steps = tuple(min(s, max(1, n // 4)) for n in sizes)
        layers.append((filters, tuple(min(k, n) for n in sizes), steps))
        sizes = tuple(-(-n // step) for n, step in zip(sizes, steps, strict=True))
    return layers


class SpectrogramCNN(nn.Module):
    """Classify spectrograms by the patterns in them.

    Parameters
    ----------
    n_channels : int
        Channels of a spectrogram.

    n_classes : int

    layers : list of (n_filters, kernel_sizes, strides)
        From :func:`spectrogram_layers`. Beyond the ends the kernels see zeros.

    n_freqs, n_frames : int
        Lengths of the axes.

    norm_axis : {"channel", "frequency", "time"} or None, default="channel"
        As in :class:`sk_psd.nn.AxisNorm`.

    pool_axis : {"both", "time"}, default="both"
        Pool over all positions, or over time and keep the frequencies apart.

    pooling : {"max", "mean", "max_mean"}, default="max_mean"
        Values that are kept of each channel: the maximum, the mean or both.

    level : {"median", "minmax"} or None, default=None
        As in :class:`sk_psd.nn.Level`.

    Attributes
    ----------
    windows : two lists of (kernel_size, stride, padding)
        Sizes of the layers along frequency and along time.

    wraps : bool
        False: the axes are not circular.

    Examples
    --------
    >>> import torch
    >>> from sk_psd.nn import SpectrogramCNN, spectrogram_layers
    >>> layers = spectrogram_layers(128, 64)
    >>> net = SpectrogramCNN(1, 3, layers, n_freqs=128, n_frames=64).eval()
    >>> net(torch.rand(5, 1, 128, 64)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        n_channels,
        n_classes,
        layers,
        *,
        n_freqs,
        n_frames,
        norm_axis="channel",
        pool_axis="both",
        pooling="max_mean",
        level=None,
    ):
        super().__init__()
        self.level = Level(level)
        self.pool_axis = pool_axis
        self.windows = [
            [(k[axis], s[axis], same_padding(k[axis])[0]) for _, k, s in layers]
            for axis in (0, 1)
        ]
        self.wraps = False
        self.convs, self.norms, self.paddings = nn.ModuleList(), nn.ModuleList(), []
        for n_filters, kernels, strides in layers:
            conv = nn.Conv2d(
                n_channels, n_filters, kernels, strides, bias=norm_axis is None
            )
            n_channels = n_filters
            n_freqs, n_frames = -(-n_freqs // strides[0]), -(-n_frames // strides[1])
            self.paddings.append([p for k in kernels[::-1] for p in same_padding(k)])
            self.convs.append(conv)
            self.norms.append(AxisNorm(norm_axis, n_channels, n_freqs, n_frames))
        self.pool = GlobalPool(pooling)
        n_pooled = n_channels * (2 if pooling == "max_mean" else 1)
        n_pooled *= n_freqs if pool_axis == "time" else 1
        self.head = Head(n_pooled, n_classes)

    def forward(self, x):
        """Return the logits of each class.

        Parameters
        ----------
        x : Tensor of shape (N, C, F, T)

        Returns
        -------
        logits : Tensor of shape (N, n_classes)
        """
        return self.head(self.embed(x))

    def embed(self, x):
        """Return the pooled features, which the linear layer sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F, T)

        Returns
        -------
        features : Tensor of shape (N, n_pooled)
            The maxima, the means or both, of all channels of the last layer, and with
            ``pool_axis="time"`` at each of its frequencies.
        """
        return self._pool(self.maps(x))  # (N, n_pooled)

    def maps(self, x):
        """Return the rectified maps of the last convolution, which the pool sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F, T)

        Returns
        -------
        maps : Tensor of shape (N, C', F', T')
        """
        x = self.level(x)
        for conv, norm, padding in zip(
            self.convs, self.norms, self.paddings, strict=True
        ):
            x = F.relu(norm(conv(F.pad(x, padding))))  # (N, C', F / S, T / S)
        return x

    def read(self, maps):
        """Return the logits for the maps of the last convolution.

        Parameters
        ----------
        maps : Tensor of shape (N, C', F', T')

        Returns
        -------
        logits : Tensor of shape (N, n_classes)
        """
        return self.head(self._pool(maps))

    def _pool(self, maps):
        """Map (N, C', F', T') to (N, n_pooled)."""
        return self.pool(
            maps.flatten(2) if self.pool_axis == "both" else maps.flatten(1, 2)
        )

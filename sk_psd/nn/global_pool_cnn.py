"""GlobalPoolCNN: convolutions, one pool over the whole axis, one linear layer."""

from torch import nn

from sk_psd.nn.layers import (
    ConvBlock,
    GlobalPool,
    Head,
    Level,
    check_size,
    one_per_layer,
    same_padding,
)

__all__ = ["GlobalPoolCNN", "global_pool_layers"]


def global_pool_layers(n_freqs, n_filters=(32, 32, 64), kernel_size=None, stride=None):
    """Choose the kernel and the stride of each layer for an axis of `n_freqs` bins.

    The first layer's stride grows with the axis, so that its output has about 256 bins
    and the cost hardly depends on `n_freqs`; its kernel is four strides long.

    Parameters
    ----------
    n_freqs : int

    n_filters : sequence of int, default=(32, 32, 64)
        Output channels of each layer.

    kernel_size, stride : int, sequence of int or None, default=None
        For all layers, for each layer, or by the rule above. Where a layer sees fewer
        bins than its kernel has, the kernel is shortened. A stride is at most an eighth
        of these bins.

    Returns
    -------
    layers : list of (n_filters, kernel_size, stride)

    Examples
    --------
    >>> from sk_psd.nn import global_pool_layers
    >>> global_pool_layers(1024)
    [(32, 16, 4), (32, 8, 2), (64, 8, 2)]
    """
    n_freqs = check_size("n_freqs", n_freqs)
    n_filters = one_per_layer("n_filters", n_filters)
    depth = len(n_filters)
    first_stride = min(max(round(n_freqs / 256), 1), 64)
    if kernel_size is None:
        first_kernel = 4 * first_stride if first_stride > 1 else 7
        kernels = [first_kernel] + [8] * (depth - 1)
    else:
        kernels = one_per_layer("kernel_size", kernel_size, depth)
    if stride is None:
        # A shorter kernel takes shorter steps, so that no bin is skipped.
        first_stride = min(first_stride, max(1, kernels[0] // 4))
        strides = [first_stride] + [2] * (depth - 1)
    else:
        strides = one_per_layer("stride", stride, depth)

    layers = []
    for filters, k, s in zip(n_filters, kernels, strides, strict=True):
        s = min(s, max(1, n_freqs // 8))
        layers.append((filters, min(k, n_freqs), s))
        n_freqs = -(-n_freqs // s)
    return layers


class GlobalPoolCNN(nn.Module):
    """Classify spectra by the shapes on the axis, not by their positions.

    Parameters
    ----------
    n_channels : int
        Channels of a spectrum.

    n_classes : int

    layers : list of (n_filters, kernel_size, stride)
        From :func:`global_pool_layers`.

    pooling : {"max", "mean", "max_mean"}, default="max_mean"
        Values that are kept of each channel of the last layer.

    padding_mode : {"circular", "zeros"}, default="circular"
        Values beyond the ends of the axis.

    level : {"median", "minmax"} or None, default=None
        As in :class:`sk_psd.nn.Level`.

    Attributes
    ----------
    windows : list of one list of (kernel_size, stride, padding)
        Sizes of the layers along the axis.

    wraps : bool
        Whether the axis is circular.

    Examples
    --------
    >>> import torch
    >>> from sk_psd.nn import GlobalPoolCNN, global_pool_layers
    >>> net = GlobalPoolCNN(1, 3, global_pool_layers(256)).eval()
    >>> net(torch.rand(5, 1, 256)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        n_channels,
        n_classes,
        layers,
        pooling="max_mean",
        padding_mode="circular",
        level=None,
    ):
        super().__init__()
        self.level = Level(level)
        self.windows = [[(k, s, same_padding(k)[0]) for _, k, s in layers]]
        self.wraps = padding_mode == "circular"
        blocks = []
        for n_filters, kernel_size, stride in layers:
            blocks.append(
                ConvBlock(n_channels, n_filters, kernel_size, stride, padding_mode)
            )
            n_channels = n_filters
        self.features = nn.Sequential(*blocks)
        self.pool = GlobalPool(pooling)
        n_pooled = n_channels * (2 if pooling == "max_mean" else 1)
        self.head = Head(n_pooled, n_classes)

    def forward(self, x):
        """Return the logits of each class.

        Parameters
        ----------
        x : Tensor of shape (N, C, F)

        Returns
        -------
        logits : Tensor of shape (N, n_classes)
        """
        return self.head(self.embed(x))

    def embed(self, x):
        """Return the pooled features, which the linear layer sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F)

        Returns
        -------
        features : Tensor of shape (N, n_pooled)
            The maxima of all channels of the last layer, their means, or both.
        """
        return self.pool(self.maps(x))  # (N, n_pooled)

    def maps(self, x):
        """Return the rectified maps of the last convolution, which the pool sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F)

        Returns
        -------
        maps : Tensor of shape (N, C', F')
        """
        return self._convolve(self.level(x))

    def _convolve(self, x):
        """Map (N, C, F) without its level to (N, C', F')."""
        return self.features(x.unsqueeze(2)).squeeze(2)

    def read(self, maps):
        """Return the logits for the maps of the last convolution.

        Parameters
        ----------
        maps : Tensor of shape (N, C', F')

        Returns
        -------
        logits : Tensor of shape (N, n_classes)
        """
        return self.head(self.pool(maps))

"""FlattenCNN: convolution, pool and a linear layer over positions, for comparison."""

import torch
from torch import nn
from torch.nn import functional as F

from sk_psd.nn.layers import Head, Level, check_size

__all__ = ["FlattenCNN", "flatten_sizes"]

# From this many values on (32 MB) the copy in another layout costs more than it saves.
_MAX_COPIED_VALUES = 2**23


def flatten_sizes(n_freqs, kernel_size, stride, padding, pool_size, pool_stride):
    """Shorten the kernel and the pool of a :class:`FlattenCNN` on a short axis.

    Parameters
    ----------
    n_freqs : int
        Length of the axis.

    kernel_size, stride, padding : int
        Sizes of the convolution.

    pool_size, pool_stride : int
        Sizes of the max pool.

    Returns
    -------
    sizes : dict
        `kernel_size` and `pool_size` as they fit, and `n_positions`, the number of
        bins after the pool.

    Examples
    --------
    >>> from sk_psd.nn import flatten_sizes
    >>> flatten_sizes(256, 128, stride=1, padding=1, pool_size=16, pool_stride=2)
    {'kernel_size': 128, 'pool_size': 16, 'n_positions': 58}
    """
    n_freqs = check_size("n_freqs", n_freqs)
    kernel_size = min(check_size("kernel_size", kernel_size), n_freqs)
    stride, padding = check_size("stride", stride), check_size("padding", padding, 0)
    pool_size = check_size("pool_size", pool_size)
    pool_stride = check_size("pool_stride", pool_stride)
    n_conv = (n_freqs + 2 * padding - kernel_size) // stride + 1
    pool_size = min(pool_size, n_conv)
    n_positions = (n_conv - pool_size) // pool_stride + 1
    return dict(kernel_size=kernel_size, pool_size=pool_size, n_positions=n_positions)


class FlattenCNN(nn.Module):
    """Classify spectra by a linear layer that has a weight for every position.

    Parameters
    ----------
    n_channels : int
        Channels of a spectrum.

    n_classes : int

    n_filters, kernel_size, stride, padding : int
        Output channels and sizes of the convolution.

    pool_size, pool_stride : int
        Sizes of the max pool.

    n_positions : int
        Number of bins after the pool, from :func:`flatten_sizes`.

    level : {"median", "minmax"} or None, default=None
        As in :class:`sk_psd.nn.Level`.

    Attributes
    ----------
    windows : list of one list of (kernel_size, stride, padding)
        Sizes of the convolution and of the pool.

    wraps : bool
        False: the axis is not circular.

    Examples
    --------
    >>> import torch
    >>> from sk_psd.nn import FlattenCNN
    >>> net = FlattenCNN(1, 3, n_positions=58).eval()
    >>> net(torch.rand(5, 1, 256)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        n_channels,
        n_classes,
        *,
        n_filters=64,
        kernel_size=128,
        stride=1,
        padding=1,
        pool_size=16,
        pool_stride=2,
        n_positions,
        level=None,
    ):
        super().__init__()
        self.level = Level(level)
        self.windows = [[(kernel_size, stride, padding), (pool_size, pool_stride, 0)]]
        self.wraps = False
        self.conv = nn.Conv1d(
            n_channels, n_filters, kernel_size, stride, padding=padding
        )
        self.pool = nn.MaxPool1d(pool_size, pool_stride)
        self.head = Head(n_filters * n_positions, n_classes)

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
        """Return the features at all positions, which the linear layer sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F)

        Returns
        -------
        features : Tensor of shape (N, n_filters * n_positions)
        """
        return self.maps(x).flatten(1)

    def maps(self, x):
        """Return the maps after the pool, which the linear layer sees.

        Parameters
        ----------
        x : Tensor of shape (N, C, F)

        Returns
        -------
        maps : Tensor of shape (N, n_filters, n_positions)
        """
        return self._convolve(self.level(x))

    def _convolve(self, x):
        """Map (N, C, F) without its level to (N, n_filters, n_positions)."""
        x = self.conv(x)  # (N, n_filters, F')
        if self.training and x.numel() < _MAX_COPIED_VALUES:
            # The max pool of torch for images in channels-last memory gives the same
            # result faster. Its gradient is faster as well.
            image = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
            size, stride = (1, self.pool.kernel_size), (1, self.pool.stride)
            x = F.max_pool2d(image, size, stride).squeeze(2)
        else:
            x = self.pool(x)
        return x

    def read(self, maps):
        """Return the logits for the maps after the pool.

        Parameters
        ----------
        maps : Tensor of shape (N, n_filters, n_positions)

        Returns
        -------
        logits : Tensor of shape (N, n_classes)
        """
        return self.head(maps.flatten(1))

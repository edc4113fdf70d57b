"""The nets as plain torch modules, usable without the rest of the package."""

from sk_psd.nn.flatten_cnn import FlattenCNN, flatten_sizes
from sk_psd.nn.global_pool_cnn import GlobalPoolCNN, global_pool_layers
from sk_psd.nn.layers import AxisNorm, Level
from sk_psd.nn.spectrogram_cnn import SpectrogramCNN, spectrogram_layers

__all__ = [
    "AxisNorm",
    "FlattenCNN",
    "GlobalPoolCNN",
    "Level",
    "SpectrogramCNN",
    "flatten_sizes",
    "global_pool_layers",
    "spectrogram_layers",
]

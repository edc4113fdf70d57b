"""The nets as plain torch modules, usable without the rest of the package."""

from sk_psd.nn.flatten_cnn import FlattenCNN, flatten_sizes
from sk_psd.nn.global_pool_cnn import GlobalPoolCNN, global_pool_layers

__all__ = ["FlattenCNN", "GlobalPoolCNN", "flatten_sizes", "global_pool_layers"]

"""The nets of the classifiers in an ONNX graph."""

import numpy as np

from sk_psd.export._graph import Value, concatenate
from sk_psd.export._spectra import min_max_scale
from sk_psd.nn import FlattenCNN, GlobalPoolCNN, SpectrogramCNN

__all__ = ["add_net"]


def add_net(module, x):
    """Compute the logits of a net.

    Parameters
    ----------
    module : GlobalPoolCNN, FlattenCNN or SpectrogramCNN

    x : float32 Value of shape (n_channels, n_freqs[, n_frames])
        Standardized and aligned.

    Returns
    -------
    logits : float32 Value of shape (n_classes,)
    """
    x = _add_level(module.level, x)
    features = _ADDERS[type(module)](module, x)
    features = features.reshape(int(np.prod(features.shape)))
    weight, bias = _array(module.head.weight), _array(module.head.bias)
    return features.matmul(weight.T) + bias


def _array(tensor):
    return tensor.detach().cpu().numpy()


def _add_level(level, x):
    """Take out the level of each channel, see `sk_psd.nn.Level`."""
    if level.level is None:
        return x
    flat = x.reshape(x.shape[0], int(np.prod(x.shape[1:])))
    if level.level == "median":  # the lower of two middle values
        rank = (flat.shape[-1] - 1) // 2
        flat = flat - flat.smallest(rank + 1).cut(rank, rank + 1)
    else:
        flat = min_max_scale(flat)
    flat = (flat - _array(level.mean)) / _array(level.deviation)
    return flat.reshape(*x.shape)


def _add_global_pool(module, x):
    """Compute the pooled features of a GlobalPoolCNN."""
    for block in module.features:
        before, after = block.padding
        n = x.shape[-1]
        if block.padding_mode == "circular":
            left = [x.cut(n - before, n)] if before else []
            right = [x.cut(0, after)] if after else []
            x = concatenate([*left, x, *right])
            before = after = 0
        weight, bias = _fold(block.conv, block.norm)
        stride = block.conv.stride[1:]
        x = _convolve(x, weight[:, :, 0], bias, stride, [before, after]).map("Relu")
    return _pool(x, module.pool.pooling)


def _fold(conv, norm):
    """Return weight and bias of a convolution with the batch norm behind it as one.

    In double precision, so that the product of the two is rounded once.
    """
    weight = _array(conv.weight).astype(np.float64)
    scale, offset = _scale_and_offset(norm)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), offset


def _scale_and_offset(norm):
    """Return the factor and the summand that a batch norm is in prediction."""
    mean, variance, weight, bias = (
        _array(values).astype(np.float64)
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    scale = weight / np.sqrt(variance + norm.eps)
    return scale, bias - mean * scale


def _convolve(x, weight, bias, strides, pads):
    """Return a convolution along one axis or two.

    Parameters
    ----------
    x : float32 Value of shape (n_channels, n) or (n_channels, n, m)

    weight : ndarray of shape (n_filters, n_channels, kernel_size, ...)

    bias : ndarray of shape (n_filters,)

    strides : sequence of int
        One for each axis.

    pads : list of int
        Zeros before each axis, then those after each axis.

    Returns
    -------
    y : float32 Value of shape (n_filters, ...)
    """
    graph, n_axes = x.graph, weight.ndim - 2
    names = (graph.constant(array.astype(np.float32)) for array in (weight, bias))
    options = dict(kernel_shape=list(weight.shape[2:]), strides=list(strides))
    name = graph.add("Conv", x.name, *names, pads=pads, **options)
    sizes = np.array(x.shape[1:]) + pads[:n_axes] + pads[n_axes:] - weight.shape[2:]
    shape = len(weight), *(sizes // strides + 1).tolist()
    return Value(graph, name, x.dtype, shape)


def _pool(x, pooling):
    """Return the maxima or the means over the last axis, or both."""
    return concatenate(
        [x.reduce(kind.capitalize()) for kind in pooling.split("_")], axis=-2
    )


def _add_flatten(module, x):
    """Compute the maps of a FlattenCNN."""
    conv, pool = module.conv, module.pool
    bias = _array(conv.bias)
    x = _convolve(x, _array(conv.weight), bias, conv.stride, [*conv.padding] * 2)
    size, stride = pool.kernel_size, pool.stride
    name = x.graph.add("MaxPool", x.name, kernel_shape=[size], strides=[stride])
    n_positions = (x.shape[-1] - size) // stride + 1
    return Value(x.graph, name, x.dtype, (x.shape[0], n_positions))


def _add_spectrogram(module, x):
    """Compute the pooled features of a SpectrogramCNN."""
    layers = zip(module.convs, module.norms, module.paddings, strict=True)
    for conv, norm, (t_before, t_after, f_before, f_after) in layers:
        pads = [f_before, t_before, f_after, t_after]
        is_folded = conv.bias is None and norm.dim == 1
        if is_folded:
            weight, bias = _fold(conv, norm.norm)
        else:
            weight = _array(conv.weight)
            bias = np.zeros(len(weight)) if conv.bias is None else _array(conv.bias)
        x = _convolve(x, weight, bias, conv.stride, pads)
        if conv.bias is None and not is_folded:
            scale, offset = _scale_and_offset(norm.norm)
            shape = [1, 1, 1]
            shape[norm.dim - 1] = -1
            x = x * scale.reshape(shape) + offset.reshape(shape)
        x = x.map("Relu")
    n_channels, n_freqs, n_frames = x.shape
    if module.pool_axis == "both":
        x = x.reshape(n_channels, n_freqs * n_frames)
    else:
        x = x.reshape(n_channels * n_freqs, n_frames)
    return _pool(x, module.pool.pooling)


_ADDERS = {
    GlobalPoolCNN: _add_global_pool,
    FlattenCNN: _add_flatten,
    SpectrogramCNN: _add_spectrogram,
}

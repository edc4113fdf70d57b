"""Sizes of a fitted net: resolution, receptive field, layers, parameters and cost."""

import math

import torch
from torch import nn

from sk_psd._net_estimator import training_settings
from sk_psd._result import Result
from sk_psd.augmentation import RandomFreqShift, RandomNoise, RandomSpeckle
from sk_psd.inspection._fields import find_field
from sk_psd.inspection._net_input import find_net
from sk_psd.nn import FlattenCNN
from sk_psd.resampling import LogFrequency
from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import WelchPSD

__all__ = ["describe"]

# Steps whose result for a rolled spectrum is the rolled result.
_ROLLING = MinMaxScale, RandomFreqShift, RandomNoise, RandomSpeckle, WelchPSD


class NetDescription(Result):
    """The result of :func:`describe`, which prints as a short table."""

    def __repr__(self):
        def in_hz(name, bins):
            hz = self[name]
            count = "1 bin" if bins == 1 else f"{bins} bins"
            return count + ("" if hz is None else f" = {hz:.6g} Hz")

        rows = [
            ("net", self.name),
            ("input", f"{self.input_shape}"),
            ("resolution", in_hz("resolution_hz", 1)),
            ("receptive field", in_hz("receptive_field_hz", self.receptive_field)),
            ("stride", in_hz("stride_hz", self.stride)),
            ("invariance", self.invariance),
            ("parameters", f"{self.n_parameters:,}"),
            ("products per sample", f"{self.n_products:,}"),
        ]
        width = max(len(label) for label, _ in rows)
        lines = [f"{label:<{width}}  {value}" for label, value in rows]
        lines.append("layers, shapes with padding, parameters")
        for layer in self.layers:
            shapes = f"{layer.input_shape} -> {layer.output_shape}"
            lines.append(f"  {layer.name:<16} {shapes:<34} {layer.n_parameters:>10,}")
        return "\n".join(lines)

    __str__ = __repr__


def describe(estimator):
    """Return the sizes of a fitted net: resolution, receptive field, layers and cost.

    Parameters
    ----------
    estimator : estimator object
        Fitted net classifier, or a Pipeline that ends in one.

    Returns
    -------
    description : Bunch
        Prints as a table. `name` of the classifier. `input_shape`, the shape of one
        sample at the net, channels first. `receptive_field`, the number of bins that
        one value of the last maps depends on. `stride`, the number of bins from one
        value of the last maps to the next. `resolution_hz` (distance of neighboring
        bins), `receptive_field_hz` and `stride_hz`, in Hz, or None if the steps have no
        frequencies or the axis is logarithmic. `invariance` under circular shifts of
        the spectra: "exact", "approximate" or "none". `n_parameters`, and `n_products`,
        the number of multiplications in the prediction of one sample, in all of its
        `n_rolls`. `layers`, a list of Bunches with `name`, `input_shape`,
        `output_shape`, `n_parameters` and the `n_products` of one roll.

    Raises
    ------
    ValueError
        If there is no net in the estimator.

    See Also
    --------
    activation_map : The evidence at each frequency.

    Notes
    -----
    The sizes help to choose `nperseg` and `kernel_size`. A net recognizes details that
    lie within one receptive field. If the shapes are wider than the receptive field,
    choose a longer `kernel_size`, a longer `stride` or a shorter `nperseg`. If their
    details are narrower than the resolution, choose a longer `nperseg`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.inspection import describe
    >>> X, y = np.random.default_rng(0).random((8, 1024)), [0, 1] * 4
    >>> model = GlobalPoolCNNClassifier(max_epochs=1, random_state=0).fit(X, y)
    >>> describe(model)
    net                  GlobalPoolCNNClassifier
    ...
    """
    steps, net = find_net(estimator)
    module = net.module_.eval()
    size, stride, _ = find_field(module.windows[0])  # along frequency
    shape = _input_shape(net)
    layers = _find_layers(module, shape)
    hz = _bin_width(steps, shape[1])
    return NetDescription(
        name=type(net).__name__,
        input_shape=shape,
        receptive_field=size,
        stride=stride,
        resolution_hz=hz,
        receptive_field_hz=hz and hz * size,
        stride_hz=hz and hz * stride,
        invariance=_invariance(steps, net),
        n_parameters=sum(values.numel() for values in module.parameters()),
        n_products=_count_rolls(net) * sum(layer.n_products for layer in layers),
        layers=layers,
    )


def _input_shape(net):
    """Return the shape of one sample at the net: channels, frequencies, frames."""
    frames = [net.n_frames_] if hasattr(net, "n_frames_") else []
    return (net.n_channels_, net.n_features_in_, *frames)


def _bin_width(steps, n_freqs):
    """Return the distance of neighboring bins in Hz, or None if it is not known."""
    if any(isinstance(step, LogFrequency) for step in steps):
        return None
    freqs = next(
        (s.freqs_ for s in steps if hasattr(s, "fs") and hasattr(s, "freqs_")), ()
    )
    return float(freqs[1] - freqs[0]) if len(freqs) == n_freqs > 1 else None


def _invariance(steps, net):
    """Return the kind of invariance of the steps and the net together."""
    aligned = [i for i, step in enumerate(steps) if isinstance(step, PeakAlign)]
    before = steps[: aligned[0]] if aligned else steps
    if (aligned or net._is_exact) and all(isinstance(s, _ROLLING) for s in before):
        return "exact"
    has_positions = isinstance(net.module_, FlattenCNN) or (
        getattr(net, "pool_axis", "both") == "time"
    )
    return "none" if has_positions else "approximate"


def _count_rolls(net):
    """Return how many times the net runs to predict one sample."""
    return len(net._choose_rolls()) if hasattr(net, "n_rolls") else 1


def _find_layers(module, shape):
    """Return the layers with parameters, by one prediction of a sample of zeros."""
    layers = []

    def record(name):
        def hook(layer, inputs, output):
            n_positions = math.prod(output.shape[2:])
            is_norm = isinstance(layer, nn.modules.batchnorm._BatchNorm)
            per_position = output.shape[1] if is_norm else layer.weight.numel()
            layers.append(
                Result(
                    name=name,
                    input_shape=tuple(inputs[0].shape[1:]),
                    output_shape=tuple(output.shape[1:]),
                    n_parameters=sum(p.numel() for p in layer.parameters()),
                    n_products=n_positions * per_position,
                )
            )

        return hook

    hooks = [
        layer.register_forward_hook(record(name))
        for name, layer in module.named_modules()
        if layer._parameters
    ]
    device = next(module.parameters()).device
    try:
        with training_settings(device), torch.inference_mode():
            module(torch.zeros(1, *shape, device=device))
    finally:
        for hook in hooks:
            hook.remove()
    return layers

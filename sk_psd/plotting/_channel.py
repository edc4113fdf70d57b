"""Kernel, map and evidence of one channel of a net, for one sample."""

import numpy as np
import torch

from sk_psd._net_estimator import training_settings
from sk_psd._result import Result
from sk_psd._shift import canonical_shift, shift_bins
from sk_psd._standardize import standardize
from sk_psd.inspection._activation import find_slopes
from sk_psd.inspection._fields import find_field
from sk_psd.inspection._net_input import follow_to_net
from sk_psd.nn import FlattenCNN, GlobalPoolCNN

__all__ = ["ChannelView"]


class ChannelView:
    """The values in a net for one sample, to read channel by channel.

    Parameters
    ----------
    estimator : estimator object
        Fitted :class:`FlattenCNNClassifier` or :class:`GlobalPoolCNNClassifier`, or a
        Pipeline that ends in one of them.

    X : array-like of shape (1, ..., n_features)
        The sample.

    Attributes
    ----------
    net : NetClassifier
        The net classifier in the estimator.

    classes : ndarray of shape (n_classes,)
        Labels of the estimator, in the order of the logits.

    logits : ndarray of shape (n_classes,)
        Logits of the sample. With several rolls, those of the first one.
    """

    def __init__(self, estimator, X):
        self._found = found = follow_to_net(estimator, X)
        self.net = net = found.net
        self.classes = found.classes
        self._module = net.module_.eval()
        if not isinstance(self._module, (FlattenCNN, GlobalPoolCNN)):
            raise ValueError(
                "estimator must hold a FlattenCNNClassifier or a "
                f"GlobalPoolCNNClassifier. Got a {type(net).__name__}; draw its "
                "evidence with ActivationMapDisplay."
            )
        x = standardize(net._check(found.given, reset=False), net.mean_, net.scale_)
        roll = int(found.shift[0])
        if net._is_exact:
            shift = canonical_shift(x)
            x = shift_bins(x, shift)
            roll += int(shift[0])
        self._roll = roll
        self._device = next(self._module.parameters()).device
        with training_settings(self._device), torch.enable_grad():
            # The input of the first convolution, after the scaling by `level`.
            self._x = self._module.level(x.to(self._device)).detach().requires_grad_()
            self._maps = self._module._convolve(self._x)
        self.logits = net._logits(found.given)[0][0]  # the first roll, the only sample

    def find_slopes(self, code):
        """Return the last maps, and the derivative of a logit by each of their values.

        The sum of all values, each times its derivative, is the logit without the bias.

        Parameters
        ----------
        code : int
            Index of the class.

        Returns
        -------
        maps, slopes : float64 ndarray of shape (n_channels, n_positions)
        """
        maps, codes = self._maps.detach(), torch.tensor([code], device=self._device)
        with training_settings(self._device):
            slopes = find_slopes(self._module, maps, codes)
        return tuple(part[0].cpu().double().numpy() for part in (maps, slopes))

    def look(self, code, channel):
        """Return the values to draw for one channel and one class.

        Parameters
        ----------
        code : int
            Index of the class.

        channel : int
            Index of the channel of the last maps.

        Returns
        -------
        view : Bunch
            `freqs`, `unit` and the `spectrum` of shape (n_channels, n_freqs), with all
            rolls undone. `kernel` of shape (n_channels, kernel_size), at the
            frequencies `kernel_freqs`: the derivative of the largest value of the map.
            For each position of the map, ordered by the frequency `places`: the `map`,
            the `weights` of the class, the `products` of both, and the `evidence`, the
            sum of the products of all channels. The sum of the evidence plus the `bias`
            is the `logit`. `prediction` is the predicted label or the row of
            indicators.
        """
        found, module = self._found, self._module
        maps, slopes = self.find_slopes(code)
        bins = self._centers(maps.shape[1])
        order = bins.argsort(kind="stable")
        kernel, kernel_bins = self._find_kernel(channel, int(maps[channel].argmax()))
        spectrum = np.atleast_2d(found.X[0])
        return Result(
            freqs=found.freqs,
            unit=found.unit,
            spectrum=np.roll(spectrum, -int(found.shift[0]), axis=-1),
            kernel=kernel,
            kernel_freqs=self._in_units(kernel_bins),
            places=self._in_units(bins)[order],
            map=maps[channel, order],
            weights=slopes[channel, order],
            products=(maps * slopes)[channel, order],
            evidence=(maps * slopes).sum(axis=0)[order],
            bias=module.head.bias[code].item(),
            logit=self.logits[code],
            prediction=found.predict()[0],
        )

    def _centers(self, n_positions):
        """Return the center of the field of each value of the maps, in bins."""
        size, stride, start = find_field(self._module.windows[0])
        bins = np.arange(n_positions) * stride + start + (size - 1) / 2 - self._roll
        return self._wrap(bins)

    def _wrap(self, bins):
        """Return bins modulo the length of a circular or rolled axis."""
        n_bins = self._x.shape[-1]
        if self._module.wraps or self._roll:
            return bins % n_bins
        return bins

    def _in_units(self, bins):
        """Return frequencies at bins, also at fractional ones and beyond the ends."""
        freqs = self._found.freqs
        if len(freqs) < 2:
            return np.full(len(bins), freqs[0])
        inside = np.interp(bins, np.arange(len(freqs)), freqs)
        below = np.minimum(bins, 0) * (freqs[1] - freqs[0])
        beyond = np.maximum(bins - len(freqs) + 1, 0) * (freqs[-1] - freqs[-2])
        return inside + below + beyond

    def _find_kernel(self, channel, position):
        """Return the derivative of a value of the maps by the input, and its bins.

        The net is piecewise linear: near a sample the rectifiers and pools choose the
        same values. So the derivative is the joint kernel of all layers.

        Returns
        -------
        kernel : ndarray of shape (n_channels, kernel_size)
            Empty if no bin changes the value.

        bins : ndarray of shape (kernel_size,)
        """
        with training_settings(self._device):
            value = self._maps[0, channel, position]
            (slopes,) = torch.autograd.grad(value, self._x, retain_graph=True)
        slopes = slopes[0].cpu().double().numpy()
        n_bins = slopes.shape[-1]
        size, stride, start = find_field(self._module.windows[0])
        center = position * stride + start + (size - 1) // 2
        # Rolled so that the field does not cross the end of the axis.
        first = center - n_bins // 2 if self._module.wraps else 0
        slopes = np.roll(slopes, -first, axis=-1)
        reached = np.flatnonzero(slopes.any(axis=0))
        if not len(reached):
            return slopes[:, :0], np.zeros(0)
        part = slice(reached[0], reached[-1] + 1)
        bins = np.arange(n_bins)[part] + first - self._roll
        turns = (bins[len(bins) // 2] // n_bins) * n_bins
        return slopes[:, part], bins - (turns if self._roll or first else 0)

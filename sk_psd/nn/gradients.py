"""Circular padding and the pool over an axis, with gradients in channels-last memory.

The operations of torch give the same numbers, but return padded values and gradients in
channels-first memory. The next convolution would have to copy these.
"""

import torch

__all__ = ["max_and_mean_in_training", "pad_circularly", "pad_in_training"]


def pad_circularly(x, before, after):
    """Continue the last axis at each end with the values of the other end.

    The function uses operations that torch can differentiate, trace and export.

    Parameters
    ----------
    x : Tensor of shape (N, C, H, W)

    before, after : int
        Numbers of values to add, at most W.

    Returns
    -------
    y : Tensor of shape (N, C, H, before + W + after)
        In the memory layout of `x`.

    Raises
    ------
    RuntimeError
        If `before` or `after` exceeds W.
    """
    # With `narrow`, because too long a slice would be cut without an error.
    last = x.narrow(-1, x.shape[-1] - before, before)
    return torch.cat([last, x, x.narrow(-1, 0, after)], -1)


def pad_in_training(x, before, after):
    """Pad as :func:`pad_circularly`, with a gradient in channels-last memory.

    Parameters
    ----------
    x : Tensor of shape (N, C, H, W)

    before, after : int
        Numbers of values to add, at most W.

    Returns
    -------
    y : Tensor of shape (N, C, H, before + W + after)
    """
    return _CircularPad.apply(x, before, after)


def max_and_mean_in_training(x):
    """Return maxima and means over the last axis, with a gradient in the layout of `x`.

    Parameters
    ----------
    x : Tensor of shape (N, C, F)

    Returns
    -------
    y : Tensor of shape (N, 2C)
        Maxima first. The gradient of a maximum is shared equally by the values that
        attain it, as in torch.
    """
    return _MaxAndMean.apply(x)


class _CircularPad(torch.autograd.Function):
    """`pad_circularly`, with a gradient in channels-last memory."""

    @staticmethod
    def forward(ctx, x, before, after):
        ctx.ends = before, after
        return pad_circularly(x, before, after)

    @staticmethod
    def backward(ctx, grad):
        before, after = ctx.ends
        length = grad.shape[-1] - before - after
        inner = grad.narrow(-1, before, length)
        inner = inner.clone(memory_format=torch.channels_last)
        inner.narrow(-1, length - before, before).add_(grad.narrow(-1, 0, before))
        inner.narrow(-1, 0, after).add_(grad.narrow(-1, before + length, after))
        return inner, None, None


class _MaxAndMean(torch.autograd.Function):
    """Maxima and means over the last axis, with a gradient in the layout of x."""

    @staticmethod
    def forward(ctx, x):
        top = x.amax(-1)
        ctx.save_for_backward(x, top)
        return torch.cat([top, x.mean(-1)], 1)

    @staticmethod
    def backward(ctx, grad):
        x, top = ctx.saved_tensors
        grad_top, grad_mean = grad.chunk(2, 1)
        is_top = x == top.unsqueeze(-1)
        elsewhere = (grad_mean / x.shape[-1]).unsqueeze(-1)
        at_top = (grad_top / is_top.sum(-1)).unsqueeze(-1) + elsewhere
        return torch.where(is_top, at_top, elsewhere)

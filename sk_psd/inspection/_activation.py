"""The evidence of a net for a class, at each frequency."""

import numpy as np
import torch
from sklearn.utils import gen_batches

from sk_psd._chunks import CPU_ROWS
from sk_psd._net_estimator import training_settings
from sk_psd._result import Result
from sk_psd._shift import canonical_shift, shift_bins
from sk_psd._standardize import standardize
from sk_psd._validation import encode_labels
from sk_psd.inspection._fields import spread_over_fields
from sk_psd.inspection._net_input import follow_to_net

__all__ = ["activation_map", "encode_targets", "find_slopes", "map_evidence"]


def activation_map(estimator, X, *, target=None):
    """Return the evidence of a net for a class at each frequency.

    The logit of a class is a bias plus a sum over the positions of the maps of the last
    convolution. The share of each position in this sum is spread evenly over the
    receptive field of the position. So the mean of an activation map plus the bias is
    the logit. A maximum over positions contributes at the position of the maximum only.

    Parameters
    ----------
    estimator : estimator object
        Fitted net classifier, or a Pipeline that ends in one. A fitted search or vote
        with a net classifier inside is accepted, too: the evidence and the predictions
        are those of its net, with the labels of the vote.

    X : array-like of shape (n_samples, ..., n_features)
        Input of the estimator: spectra, spectrograms or raw signals.

    target : label or array-like of shape (n_samples,), default=None
        Class that the evidence is for: one for all samples or one for each. None is the
        predicted class of each sample. If the net was trained on an indicator matrix, a
        label is the number of a column, and None is the most probable column.

    Returns
    -------
    result : Bunch
        `maps`, a float64 ndarray of shape (n_samples, n_freqs[, n_frames]): positive
        where the spectrum speaks for the class, and negative where it speaks against
        the class. `freqs`, an ndarray of shape (n_freqs,), and its `unit`: "Hz", or
        "bins" if the steps have no frequencies. `times` of the frames of spectrograms,
        in seconds, or numbers of frames if the steps have no times; otherwise None.
        `predictions` and `targets`: for each sample the predicted label, and the label
        that the evidence is for. `logits` of the targets, and the `bias` of each:
        ``maps.mean(axis) + bias`` is `logits`, up to rounding.

    Raises
    ------
    ValueError
        If there is no net in the estimator, or `target` is not one of its classes.

    See Also
    --------
    locate : Center and width of the evidence, in Hz.
    sk_psd.plotting.ActivationMapDisplay : Draws the maps over the spectra.

    Notes
    -----
    The maps lie on the frequency axis of the spectra at the net. Rolls by
    :class:`PeakAlign` or by the net itself are undone. Where the invariance of the net
    is exact, the map of a rolled spectrum is the rolled map, bit for bit. The
    evidence of each position is spread evenly over its receptive field, so do not trust
    details narrower than the `receptive_field` that :func:`describe` returns.

    References
    ----------
    .. [1] Zhou, B. et al. (2016). "Learning deep features for discriminative
       localization". CVPR, 2921-2929. :arxiv:`1512.04150`

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.inspection import activation_map
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), [0] * 10 + [1] * 10
    >>> model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> result = activation_map(model, X)
    >>> result.maps.shape
    (20, 64)
    >>> bool(np.allclose(result.maps.mean(axis=1) + result.bias, result.logits))
    True
    """
    return map_evidence(follow_to_net(estimator, X), target)


def map_evidence(found, target):
    """Return the result of :func:`activation_map` for spectra that reached a net.

    Parameters
    ----------
    found : NetInput

    target : label, array-like of shape (n_samples,) or None
        As in :func:`activation_map`.

    Returns
    -------
    result : Result
    """
    net = found.net
    X = net._check(found.given, reset=False)
    logits = net._logits(found.given)[0]  # those of the first roll
    codes = encode_targets(target, logits, found.classes)
    module, device = net.module_.eval(), next(net.module_.parameters()).device
    maps = np.empty((len(X), *X.shape[2:]))
    with training_settings(device):
        matrices = None
        for rows in gen_batches(len(X), CPU_ROWS):
            x = standardize(X[rows], net.mean_, net.scale_).to(device)
            shift = torch.zeros(len(x), dtype=torch.int64, device=device)
            if net._is_exact:
                shift = canonical_shift(x)
                x = shift_bins(x, shift)
            shares = _find_shares(module, x, torch.from_numpy(codes[rows]).to(device))
            if matrices is None:
                matrices = [
                    spread_over_fields(windows, n_out, n_bins, module.wraps)
                    for windows, n_out, n_bins in zip(
                        module.windows, shares.shape[1:], x.shape[2:], strict=True
                    )
                ]
            back = -(shift.cpu() + torch.from_numpy(found.shift[rows]))
            maps[rows] = _roll(_spread(shares, matrices), back)
    return Result(
        maps=maps,
        freqs=found.freqs,
        unit=found.unit,
        times=found.times,
        predictions=found.predict(),
        targets=found.classes[codes],
        logits=logits[np.arange(len(X)), codes],
        bias=module.head.bias.detach().cpu().numpy().astype(np.float64)[codes],
    )


def encode_targets(target, logits, classes):
    """Return the index of the target class of each sample.

    Parameters
    ----------
    target : label, array-like of shape (n_samples,) or None
        None is the class of the largest logit of each sample.

    logits : ndarray of shape (n_samples, n_classes)

    classes : ndarray of shape (n_classes,)

    Returns
    -------
    codes : int64 ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If `target` has another shape or is not one of the classes.
    """
    if target is None:
        return logits.argmax(axis=1)
    n_samples = len(logits)
    target = np.asarray(target)
    if target.ndim == 0:
        target = np.full(n_samples, target)
    if target.shape != (n_samples,):
        raise ValueError(
            f"target must be one label, or one for each of the {n_samples} samples. "
            f"Got an array of shape {target.shape}."
        )
    try:
        return encode_labels(target, classes)
    except (TypeError, ValueError) as error:  # TypeError: labels that cannot be sorted
        raise ValueError(f"target: {error}") from error


def find_slopes(module, maps, codes):
    """Return the derivative of the logit of a class by each value of the last maps.

    Parameters
    ----------
    module : torch.nn.Module
        Module of a net classifier.

    maps : Tensor of shape (N, C', F') or (N, C', F', T')
        Maps of the last convolution.

    codes : int64 Tensor of shape (N,)
        Index of the class of each sample.

    Returns
    -------
    slopes : Tensor like `maps`
    """
    maps = maps.detach().requires_grad_()
    with torch.enable_grad():
        logits = module.read(maps).gather(1, codes[:, None])
        (slopes,) = torch.autograd.grad(logits.sum(), maps)
    return slopes


def _find_shares(module, x, codes):
    """Return the share of each position of the last maps in the logit of a class.

    The pool and the linear layer are homogeneous. So the logit without the bias is the
    sum over all values of the maps, each times the derivative of the logit by it.

    Returns
    -------
    shares : float64 ndarray of shape (N, F') or (N, F', T')
    """
    with torch.no_grad():
        maps = module.maps(x)
    slopes = find_slopes(module, maps, codes)
    return (maps.double() * slopes.double()).sum(1).cpu().numpy()


def _spread(shares, matrices):
    """Spread shares (N, F'[, T']) over the bins (N, F[, T]) of their fields."""
    if shares.ndim == 2:
        return shares @ matrices[0]
    over_freqs, over_times = matrices
    n_samples, n_out, n_out_times = shares.shape
    maps = (shares.reshape(-1, n_out_times) @ over_times).reshape(n_samples, n_out, -1)
    return np.stack([over_freqs.T @ part for part in maps])


def _roll(maps, shift):
    """Roll each map (N, F) by its own number of bins. Spectrograms are not rolled."""
    if maps.ndim == 3:
        return maps
    return shift_bins(torch.from_numpy(maps), shift).numpy()

"""Classifiers of spectra and spectrograms by nets."""

import math
import warnings
from numbers import Integral

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from sk_psd._constraints import Integers, StrOptions, at_least
from sk_psd._net_classifier import NetClassifier
from sk_psd._validation import check_rows
from sk_psd.augmentation import RandomFreqShift, RandomTimeShift
from sk_psd.nn import (
    FlattenCNN,
    GlobalPoolCNN,
    SpectrogramCNN,
    flatten_sizes,
    global_pool_layers,
    spectrogram_layers,
)

__all__ = [
    "FlattenCNNClassifier",
    "GlobalPoolCNNClassifier",
    "SpectrogramCNNClassifier",
]


def _default_shifts(padding_mode, is_multilabel):
    """Return the augmentation "auto" for spectra on an axis with this padding."""
    if padding_mode != "circular":
        return [RandomFreqShift(0.1, mode="floor")]
    if is_multilabel:
        # A shift off the edge would remove emissions, but keep their labels.
        return [RandomFreqShift(mode="wrap")]
    # The circular shift brings the cut of the first one to all phases of the strides.
    return [RandomFreqShift(mode="floor"), RandomFreqShift(mode="wrap")]


class GlobalPoolCNNClassifier(NetClassifier):
    """Classify spectra by their shape, wherever it lies on the frequency axis.

    Convolutions, one pool over the whole axis and a linear layer, trained on spectra
    that are shifted anew in every batch.

    Choose `padding_mode` by the kind of your axis. The two-sided spectrum of complex
    signals is a circle: with "circular" (the default) the net is trained on shifts
    over the whole axis, and its predictions are exactly the same for every circular
    shift of a spectrum. A one-sided or logarithmic axis ends: with "zeros" training
    shifts are up to a tenth of the axis and invariance is approximate. On recorded
    vibration "circular" was better without noise and "zeros" in noise, so compare both
    on a one-sided axis. Where the position itself tells the class (as formants do in
    speech), this is the wrong classifier.

    Parameters
    ----------
    n_filters : tuple of int, default=(32, 32, 64)
        Output channels of each convolution; its length is the number of layers.

    kernel_size : "auto", int or tuple of int, default="auto"
        Bins that each convolution sees: for all layers or one for each. "auto" is
        chosen by the length of the axis, see Notes. A kernel longer than the spectra
        is an error. After a stride a layer may see fewer bins than its kernel, which is
        then shortened.

    stride : "auto", int or tuple of int, default="auto"
        Steps of each convolution, in bins. "auto" is chosen by the length of the axis.
        A stride is cut to an eighth of the bins that its layer sees, at least 1;
        `layers_` has the strides that are used.

    pooling : {"max", "mean", "max_mean"}, default="max_mean"
        Values that are kept of each channel of the last convolution: the maximum, the
        mean or both.

    padding_mode : {"circular", "zeros"}, default="circular"
        Values beyond the ends of the axis: those of the other end, or zeros.

    invariance : {"auto", "exact", "approximate"}, default="auto"
        "exact" rolls every spectrum to a canonical position before it is predicted,
        see :class:`PeakAlign`; it needs circular padding. "auto" is "exact" with
        circular padding and "approximate" otherwise.

    n_rolls : int, default=1
        Number of rolls of the aligned spectrum over which the probabilities are
        averaged, see Notes. Needs exact invariance. The averages are exactly invariant
        as well. A prediction takes `n_rolls` times as long, the training does not. May
        be changed after `fit`.

    augmentation : "auto", "robust", None, object or list of objects, default="auto"
        Random changes of each training batch: objects of :mod:`sk_psd.augmentation`,
        applied in this order. Their `random_state` is not used. "auto" with circular
        padding is a :class:`RandomFreqShift` off the edge by up to half of the axis,
        filled with the noise of the spectrum, then a circular shift. If y is an
        indicator matrix, it is the circular shift alone. "auto" with padding by zeros
        is a filled shift by up to a tenth of the axis. "robust" adds
        :class:`RandomSpeckle` and :class:`RandomNoise` to these shifts, for signals in
        noise of any level. "robust" needs spectra in decibels and `level`.

    level : {"median", "minmax"} or None, default=None
        Scaling of each channel of each sample, after the augmentation and in
        prediction. "median" subtracts the median of its decibels, so that a gain, noise
        or an empty band hardly change the shape. It replaces :class:`MinMaxScale`.
        "minmax" scales it to [0, 1] like :class:`MinMaxScale`, but after the
        augmentation.

    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        Algorithm. "sgd" has Nesterov momentum 0.9.

    lr : float, default=1e-2
        Learning rate, or with a schedule its highest value.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        Course of the learning rate over all steps: it rises and falls, it falls, or it
        stays.

    weight_decay : float, default=1e-2
        Weight decay of the optimizer.

    batch_size : int, default=32
        Samples per step.

    max_epochs : "auto" or int, default="auto"
        Passes over the training data. "auto" makes about 1000 steps, or 2000 with the
        augmentation "robust", and at least 10 passes.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss. "balanced" makes all classes count the same.
        For an indicator matrix a dict, such as ``{2: 5.0}``, gives the weight of the
        ones of a column, whose zeros have the weight 1. "balanced" makes the ones and
        the zeros of each column count the same.

    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the
        weights of its minimum. Off by default: with a one-cycle schedule the last
        weights are the best, and a validation set from the same place on the axis
        cannot see what happens elsewhere.

    validation_fraction : float, default=0.1
        Part of the training data to set aside for early stopping, stratified; for an
        indicator matrix by the rarest label of each sample. Not used if `X_val` is
        passed to `fit`.

    n_iter_no_change : int, default=10
        Epochs without a fall of the validation loss by `tol` before stopping.

    tol : float, default=1e-4
        Smallest fall of the validation loss that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.

    device : str, default="auto"
        Where to train and predict: "auto" is CUDA where there is one and the CPU
        elsewhere; "cpu", "cuda", "cuda:1", "mps" are passed on to torch.

    precision : {"float32", "bf16"}, default="float32"
        Number format of the layers in training. "bf16" computes them in bfloat16, for
        GPUs that support it, and keeps the weights and the optimizer in float32.
        Validation and prediction are in float32 in any case, so an exact invariance
        stays. On a CPU without bfloat16 instructions "bf16" takes several times as
        long.

    callbacks : list of skorch callbacks or None, default=None
        Called in every epoch and batch, bare or as pairs (name, callback). `fit` calls
        the objects themselves; :func:`sklearn.base.clone`, and so every search, copies
        them. Scores of a classifier see the labels of y. An ``LRScheduler`` among them
        replaces the schedule of `lr`. Callbacks of scikit-learn (1.9 or newer) are
        set by `set_callbacks` and called in `fit` only.

    verbose : int, default=0
        1 shows a progress bar in `fit`, or lets callbacks such as skorch's ``PrintLog``
        print.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the order of the samples and the shifts. Pass an int for
        identical results, on a CPU whatever the number of its cores; then no global
        random state is touched.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order, or the numbers of the columns of an indicator matrix.

    layers_ : list of (n_filters, kernel_size, stride)
        The convolutions as built for the axis.

    module_ : torch.nn.Module
        The trained :class:`sk_psd.nn.GlobalPoolCNN`, in inference mode. It expects
        float32 ``(X - mean_) / scale_`` of shape (n_samples, `n_channels_`, n_freqs),
        aligned as by :class:`PeakAlign` where the invariance is exact.

    net_ : skorch.NeuralNet
        The net that trained it. After `fit`, its optimizer has no state.

    mean_, scale_ : float
        Mean and standard deviation of all training values.

    n_channels_ : int
        Channels of the spectra.

    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    n_iter_ : int
        Number of epochs run, those of `partial_fit` included.

    loss_curve_ : list of float
        Mean training loss of each epoch.

    best_epoch_ : int
        Number of the epoch whose weights were kept: the last one, or with
        `early_stopping` the one of the least validation loss.

    history_ : list of dict
        Record of each epoch: "epoch", "train_loss", with validation data "valid_loss"
        and "valid_acc" (the accuracy), and the scores of
        callbacks.

    See Also
    --------
    FlattenCNNClassifier : The position-bound net, for comparison.
    make_baselines : Classical pipelines, for comparison.

    Notes
    -----
    For spectra with several labels at once, or none, pass y as an indicator matrix of
    shape (n_samples, n_classes), dense or sparse, with 1 where a sample has a label
    and 0 elsewhere. The net then has a sigmoid for each class in place of the softmax,
    and is trained by the binary cross-entropy, averaged over the classes. `predict`
    returns an indicator matrix, with 1 where the probability is above 0.5. `score` is
    the subset accuracy: the share of the samples with no wrong label.

    For an axis of L bins the first convolution has stride S = L / 256 (rounded, from 1
    to 64) and kernel 4 S (7 if S is 1), the others kernel 8 and stride 2. With a
    `kernel_size` of your own, S is at most a quarter of the first kernel.

    The output of a net with strides changes a little with the phase of a spectrum: its
    position modulo the product of the strides (16 bins for an axis of 1024). `n_rolls`
    averages over evenly spaced phases: 8 rolls are rolls by 0, 2, 4, ... 14 bins. A
    number of rolls above the product of the strides has the effect of the product.
    `predict_proba`, `predict_log_proba`, `predict` and `score` use all rolls.
    `transform` and the validation in `fit` use the first roll only, by 0 bins.

    With 8 rolls the accuracy of the default net on the shifted spectra of "standard8"
    rises from .942 to .945. The accuracy of ``n_filters=(16, 16, 32)``, which trains in
    half of the time, rises from .935 to .939. 4 rolls give .943 and .940
    (``benchmarks/rolls.py``, two draws of the data with two net seeds each, standard
    error .004).

    Ctrl-C during `fit` ends the training after the last full epoch, keeps the weights
    so far and warns, as in :class:`sklearn.neural_network.MLPClassifier`; in the first
    epoch it is raised. A search or a cross-validation then goes on with its next fit,
    and the score of the interrupted one stands among the others.

    A `fit` that raises an error leaves an unfitted classifier. With `warm_start` it
    leaves the model as it was before, and so does a call of `partial_fit` that raises
    an error or is interrupted.

    `fit` warns of X that looks like raw signals (nearly all rows swing symmetrically
    around zero and the columns are not standardized) or like spectrograms (16 channels
    or more, whose levels are smooth and far apart, with all columns alike).

    On a CPU the training runs in one thread, as sums over several threads depend on
    their number. Prediction shares the rows among the threads that torch may use; no
    result depends on how many there are.

    A fitted classifier pickles as its parameters and NumPy arrays; the net is rebuilt
    on load, on the device found there.

    References
    ----------
    .. [1] Azulay, A., Weiss, Y. (2019). "Why do deep convolutional networks generalize
       so poorly to small image transformations?". JMLR, 20(184), 1-25.

    .. [2] Chaman, A., Dokmanic, I. (2021). "Truly shift-invariant convolutional neural
       networks". CVPR, 3773-3783. :arxiv:`2011.14214`

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> model = GlobalPoolCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> model.predict(np.roll(X[[0, -1]], 25, axis=1))
    array(['narrow', 'wide'], dtype='<U6')
    """

    _parameter_constraints = {
        **NetClassifier._parameter_constraints,
        "n_filters": [Integers(1)],
        "kernel_size": [StrOptions({"auto"}), at_least(1), Integers(1)],
        "stride": [StrOptions({"auto"}), at_least(1), Integers(1)],
        "pooling": [StrOptions({"max", "mean", "max_mean"})],
        "padding_mode": [StrOptions({"circular", "zeros"})],
        "invariance": [StrOptions({"auto", "exact", "approximate"})],
        "n_rolls": [at_least(1)],
    }

    _module_class = GlobalPoolCNN

    def __init__(
        self,
        n_filters=(32, 32, 64),
        kernel_size="auto",
        stride="auto",
        *,
        pooling="max_mean",
        padding_mode="circular",
        invariance="auto",
        n_rolls=1,
        augmentation="auto",
        level=None,
        optimizer="adamw",
        lr=1e-2,
        lr_schedule="one_cycle",
        weight_decay=1e-2,
        batch_size=32,
        max_epochs="auto",
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        device="auto",
        precision="float32",
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.pooling = pooling
        self.padding_mode = padding_mode
        self.invariance = invariance
        self.n_rolls = n_rolls
        self.augmentation = augmentation
        self.level = level
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _module_config(self, n_freqs):
        sizes = _sizes_of_layers(self)
        longest = sizes["kernel_size"]
        if longest is not None:
            longest = max(longest) if isinstance(longest, (tuple, list)) else longest
            _check_kernel(longest, n_freqs)
        return dict(
            layers=global_pool_layers(n_freqs, self.n_filters, **sizes),
            pooling=self.pooling,
            padding_mode=self.padding_mode,
        )

    @property
    def layers_(self):
        """The convolutions as built for the axis."""
        return self._config["layers"]

    @property
    def _needs_alignment(self):
        circular = self.padding_mode == "circular"
        if self.invariance == "exact" and not circular:
            raise ValueError(
                "invariance='exact' needs padding_mode='circular'. Got "
                f"padding_mode={self.padding_mode!r}; use invariance='auto'."
            )
        is_exact = circular and self.invariance != "approximate"
        if self.n_rolls > 1 and not is_exact:
            raise ValueError(
                f"n_rolls (={self.n_rolls}) needs exact invariance. Got padding_mode="
                f"{self.padding_mode!r} and invariance={self.invariance!r}. Set "
                "n_rolls=1, or padding_mode='circular' and invariance='auto' where the "
                "axis is a circle."
            )
        return is_exact

    def _logits(self, X):
        """Return logits (n_samples, n_classes) of each roll, in a list."""
        if isinstance(self.n_rolls, Integral) and self.n_rolls == 1:
            return super()._logits(X)
        check_is_fitted(self, "module_")
        self._validate_params()  # n_rolls may have been set after fit
        if not self._is_exact:
            raise ValueError(
                f"n_rolls (={self.n_rolls}) needs exact invariance, which this net was "
                "not fitted for. Set n_rolls=1, or fit again with "
                "padding_mode='circular' and invariance='auto'."
            )
        rolls = self._choose_rolls()

        def forward(module, x):
            return torch.cat([module(x.roll(roll, -1)) for roll in rolls], 1)

        logits = self._run_net(X, forward, len(rolls) * len(self.classes_))
        return np.split(logits, len(rolls), axis=1)

    def _choose_rolls(self):
        """Return the rolls, in bins: evenly spaced phases of the strides, 0 first."""
        phases = math.prod(stride for _, _, stride in self.layers_)
        n_rolls = min(int(self.n_rolls), phases)
        return [i * phases // n_rolls for i in range(n_rolls)]

    def _default_augmentation(self):
        return _default_shifts(self.padding_mode, self._is_multilabel)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # It cannot tell (a, b) from (b, a), so not the blobs of scikit-learn's checks,
        # which have two features. Its accuracy is tested on spectra instead.
        tags.classifier_tags.poor_score = True
        return tags


class SpectrogramCNNClassifier(NetClassifier):
    """Classify spectrograms by a two-dimensional convolutional net.

    Convolutions over frequency and time, a batch norm along the axis of your choice,
    a pool and a linear layer. With ``pool_axis="both"`` the net hardly depends on where
    a pattern lies in time and in frequency, with "time" hardly on the time. That is the
    better choice where the frequency tells the class, as formants do in speech.

    Parameters
    ----------
    n_filters : tuple of int, default=(16, 32, 64, 64)
        Output channels of each convolution; its length is the number of layers.

    kernel_size : "auto", int or tuple of int, default="auto"
        Bins and frames that each convolution sees: for all layers or one for each.
        "auto" is 5, then 3. Along a shorter axis a kernel is shortened.

    stride : "auto", int or tuple of int, default="auto"
        Steps of each convolution along both axes. "auto" is 2, 2, 1, 2, 1, 2, ... At
        most a quarter of the bins or frames that a layer sees.

    norm_axis : {"channel", "frequency", "time"} or None, default="channel"
        The axis along which every batch norm has one mean and one variance per index,
        each taken over all other axes; in prediction those of the training data.
        "channel" is the usual batch norm, one pair for each feature map. "frequency"
        has one for each band and "time" one for each frame, shared by all feature
        maps. In Keras, ``axis=-1``, ``axis=2`` and ``axis=1`` of (batch, time,
        frequency, channel). None uses no batch norm. On recorded speech the axes
        differed less than the speakers did, so compare them over several splits.

    pool_axis : {"both", "time"}, default="both"
        Pool over frequency and time, or over time only.

    pooling : {"max", "mean", "max_mean"}, default="max_mean"
        Values that are kept of each channel of the last convolution: the maximum, the
        mean or both.

    augmentation : "auto", "robust", None, object or list of objects, default="auto"
        Random changes of each training batch: objects of :mod:`sk_psd.augmentation`,
        applied in this order. Their `random_state` is not used. "auto" is a
        :class:`RandomTimeShift` by up to a fifth of the frames, then a
        :class:`RandomFreqShift` by up to 0.03 of the axis, both with the first or last
        value repeated. Choose a larger one where classes turn up elsewhere on the
        frequency axis. "robust" is not for spectrograms.

    level : {"median", "minmax"} or None, default=None
        Scaling of each channel of each sample, after the augmentation and in
        prediction. "median" subtracts the median of its decibels, so that a gain, noise
        or an empty band hardly change the shape. It replaces :class:`MinMaxScale`.
        "minmax" scales it to [0, 1] like :class:`MinMaxScale`, but after the
        augmentation.

    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        Algorithm. "sgd" has Nesterov momentum 0.9.

    lr : float, default=3e-3
        Learning rate, or with a schedule its highest value.

    lr_schedule : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        Course of the learning rate over all steps: it rises and falls, it falls, or it
        stays.

    weight_decay : float, default=1e-2
        Weight decay of the optimizer.

    batch_size : int, default=32
        Samples per step.

    max_epochs : "auto" or int, default="auto"
        Passes over the training data. "auto" makes about 1000 steps, or 2000 with the
        augmentation "robust", and at least 10 passes.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss. "balanced" makes all classes count the same.
        For an indicator matrix a dict, such as ``{2: 5.0}``, gives the weight of the
        ones of a column, whose zeros have the weight 1. "balanced" makes the ones and
        the zeros of each column count the same.

    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the
        weights of its minimum. Off by default: with a one-cycle schedule the last
        weights are the best, and a validation set from the same place on the axis
        cannot see what happens elsewhere.

    validation_fraction : float, default=0.1
        Part of the training data to set aside for early stopping, stratified; for an
        indicator matrix by the rarest label of each sample. Not used if `X_val` is
        passed to `fit`.

    n_iter_no_change : int, default=10
        Epochs without a fall of the validation loss by `tol` before stopping.

    tol : float, default=1e-4
        Smallest fall of the validation loss that counts.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before.

    device : str, default="auto"
        Where to train and predict: "auto" is CUDA where there is one and the CPU
        elsewhere; "cpu", "cuda", "cuda:1", "mps" are passed on to torch.

    precision : {"float32", "bf16"}, default="float32"
        Number format of the layers in training. "bf16" computes them in bfloat16, for
        GPUs that support it, and keeps the weights and the optimizer in float32.
        Validation and prediction are in float32 in any case, so an exact invariance
        stays. On a CPU without bfloat16 instructions "bf16" takes several times as
        long.

    callbacks : list of skorch callbacks or None, default=None
        Called in every epoch and batch, bare or as pairs (name, callback). `fit` calls
        the objects themselves; :func:`sklearn.base.clone`, and so every search, copies
        them. Scores of a classifier see the labels of y. An ``LRScheduler`` among them
        replaces the schedule of `lr`. Callbacks of scikit-learn (1.9 or newer) are
        set by `set_callbacks` and called in `fit` only.

    verbose : int, default=0
        1 shows a progress bar in `fit`, or lets callbacks such as skorch's ``PrintLog``
        print.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the order of the samples and the shifts. Pass an int for
        identical results, on a CPU whatever the number of its cores; then no global
        random state is touched.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order, or the numbers of the columns of an indicator matrix.

    layers_ : list of (n_filters, kernel_sizes, strides)
        The convolutions as built for the axes; the latter two as pairs (along
        frequency, along time).

    module_ : torch.nn.Module
        The trained :class:`sk_psd.nn.SpectrogramCNN`, in inference mode. It expects
        float32 ``(X - mean_) / scale_`` of shape (n_samples, `n_channels_`, n_freqs,
        `n_frames_`).

    net_ : skorch.NeuralNet
        The net that trained it. After `fit`, its optimizer has no state.

    mean_, scale_ : float
        Mean and standard deviation of all training values.

    n_channels_ : int
        Channels of the spectrograms.

    n_frames_ : int
        Length of the time axis.

    n_features_in_ : int
        Length of the frequency axis.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    n_iter_ : int
        Number of epochs run, those of `partial_fit` included.

    loss_curve_ : list of float
        Mean training loss of each epoch.

    best_epoch_ : int
        Number of the epoch whose weights were kept: the last one, or with
        `early_stopping` the one of the least validation loss.

    history_ : list of dict
        Record of each epoch: "epoch", "train_loss", with validation data "valid_loss"
        and "valid_acc" (the accuracy), and the scores of
        callbacks.

    See Also
    --------
    Spectrogram : Makes spectrograms of signals.
    GlobalPoolCNNClassifier : Classifies spectra, invariant to shifts.

    Notes
    -----
    Rows without frames, of shape (n_samples, n_freqs), are spectrograms of one frame.
    The last of three axes is always time.

    Training, threads and errors are those of :class:`GlobalPoolCNNClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import SpectrogramCNNClassifier
    >>> rising, falling = np.zeros((2, 20, 16, 16))
    >>> rising[:, np.arange(16), np.arange(16)] = 1
    >>> falling[:, np.arange(16)[::-1], np.arange(16)] = 1
    >>> X, y = np.vstack([rising, falling]), ["rising"] * 20 + ["falling"] * 20
    >>> model = SpectrogramCNNClassifier(max_epochs=10, random_state=0).fit(X, y)
    >>> model.predict(np.roll(X[[0, -1]], 3, axis=-1))
    array(['rising', 'falling'], dtype='<U7')
    """

    _parameter_constraints = {
        **NetClassifier._parameter_constraints,
        "n_filters": [Integers(1)],
        "kernel_size": [StrOptions({"auto"}), at_least(1), Integers(1)],
        "stride": [StrOptions({"auto"}), at_least(1), Integers(1)],
        "norm_axis": [StrOptions({"channel", "frequency", "time"}), None],
        "pool_axis": [StrOptions({"both", "time"})],
        "pooling": [StrOptions({"max", "mean", "max_mean"})],
    }

    _module_class = SpectrogramCNN

    def __init__(
        self,
        n_filters=(16, 32, 64, 64),
        kernel_size="auto",
        stride="auto",
        *,
        norm_axis="channel",
        pool_axis="both",
        pooling="max_mean",
        augmentation="auto",
        level=None,
        optimizer="adamw",
        lr=3e-3,
        lr_schedule="one_cycle",
        weight_decay=1e-2,
        batch_size=32,
        max_epochs="auto",
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        device="auto",
        precision="float32",
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.norm_axis = norm_axis
        self.pool_axis = pool_axis
        self.pooling = pooling
        self.augmentation = augmentation
        self.level = level
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _check(self, X, reset):
        """Return spectrograms as (N, C, F, T) and remember or compare C and T."""
        X = check_rows(
            self,
            X,
            reset=reset,
            max_ndim=4,
            allow_tensor=True,
            complex_hint=": use Spectrogram(return_onesided=False) first",
        )
        if reset and isinstance(X, np.ndarray) and _scaled_over_time(X):
            warnings.warn(
                "In X every frequency has the same minimum and the same maximum over "
                "time, as MinMaxScale() leaves it: the shape of the spectra is gone. "
                "For spectrograms use MinMaxScale(per='spectrogram').",
                stacklevel=3,
            )
        if X.ndim == 2:
            X = X[..., None]
        X = X[:, None] if X.ndim == 3 else X
        if reset:
            self.n_channels_, self.n_frames_ = X.shape[1], X.shape[3]
        self._compare("channels", X.shape[1], self.n_channels_)
        self._compare("frames", X.shape[3], self.n_frames_)
        return X

    def _module_config(self, n_freqs, n_frames):
        return dict(
            layers=spectrogram_layers(
                n_freqs, n_frames, self.n_filters, **_sizes_of_layers(self)
            ),
            n_freqs=n_freqs,
            n_frames=n_frames,
            norm_axis=self.norm_axis,
            pool_axis=self.pool_axis,
            pooling=self.pooling,
        )

    @property
    def layers_(self):
        """The convolutions as built for the axes."""
        return self._config["layers"]

    def _default_augmentation(self):
        return [RandomTimeShift(0.2), RandomFreqShift(0.03, mode="edge")]


class FlattenCNNClassifier(NetClassifier):
    """Classify spectra by a net that learns each position on its own.

    One convolution, a max pool and a linear layer with a weight for every position on
    the frequency axis. The net is accurate where it was trained and fails elsewhere. It
    serves as a comparison.

    Parameters
    ----------
    n_filters : int, default=64
        Channels of the convolution.

    kernel_size : "auto" or int, default="auto"
        Bins that the convolution sees. "auto" is 128, or the length of shorter spectra.
        A number greater than this length is an error.

    stride : int, default=1
        Steps of the convolution, in bins.

    padding : int, default=1
        Zeros at both ends of the axis.

    pool_size : int, default=16
        Bins of each maximum, or fewer on a short axis.

    pool_stride : int, default=2
        Steps of the pool.

    augmentation : "auto", "robust", None, object or list of objects, default=None
        Random changes of each training batch: objects of :mod:`sk_psd.augmentation`,
        applied in this order. Their `random_state` is not used. "auto" and "robust" are
        those of :class:`GlobalPoolCNNClassifier` with circular padding.

    level : {"median", "minmax"} or None, default=None
        Scaling of each channel of each sample, after the augmentation and in
        prediction. "median" subtracts the median of its decibels, so that a gain, noise
        or an empty band hardly change the shape. It replaces :class:`MinMaxScale`.
        "minmax" scales it to [0, 1] like :class:`MinMaxScale`, but after the
        augmentation.

    lr : float, default=1e-3
        Learning rate of Adam.

    batch_size : int, default=32
        Samples per step.

    max_epochs : "auto" or int, default="auto"
        Passes over the training data. "auto" makes about 1000 steps, or 2000 with the
        augmentation "robust", and at least 10 passes.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss. "balanced" makes all classes count the same.
        For an indicator matrix a dict, such as ``{2: 5.0}``, gives the weight of the
        ones of a column, whose zeros have the weight 1. "balanced" makes the ones and
        the zeros of each column count the same.

    device : str, default="auto"
        Where to train and predict: "auto" is CUDA where there is one and the CPU
        elsewhere; "cpu", "cuda", "cuda:1", "mps" are passed on to torch.

    precision : {"float32", "bf16"}, default="float32"
        Number format of the layers in training. "bf16" computes them in bfloat16, for
        GPUs that support it, and keeps the weights and the optimizer in float32.
        Validation and prediction are in float32 in any case, so an exact invariance
        stays. On a CPU without bfloat16 instructions "bf16" takes several times as
        long.

    callbacks : list of skorch callbacks or None, default=None
        Called in every epoch and batch, bare or as pairs (name, callback). `fit` calls
        the objects themselves; :func:`sklearn.base.clone`, and so every search, copies
        them. Scores of a classifier see the labels of y. An ``LRScheduler`` among them
        replaces the schedule of `lr`. Callbacks of scikit-learn (1.9 or newer) are
        set by `set_callbacks` and called in `fit` only.

    verbose : int, default=0
        1 shows a progress bar in `fit`, or lets callbacks such as skorch's ``PrintLog``
        print.

    random_state : int, RandomState instance or None, default=None
        Seeds the weights, the order of the samples and the augmentation. Pass an int
        for identical results, on a CPU whatever the number of its cores; then no global
        random state is touched.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order, or the numbers of the columns of an indicator matrix.

    module_ : torch.nn.Module
        The trained :class:`sk_psd.nn.FlattenCNN`, in inference mode. It expects
        float32 ``(X - mean_) / scale_`` of shape (n_samples, `n_channels_`, n_freqs).

    net_ : skorch.NeuralNet
        The net that trained it. After `fit`, its optimizer has no state.

    mean_, scale_ : float
        Mean and standard deviation of all training values.

    n_channels_ : int
        Channels of the spectra.

    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    n_iter_ : int
        Number of epochs run, those of `partial_fit` included.

    loss_curve_ : list of float
        Mean training loss of each epoch.

    best_epoch_ : int
        Number of the epoch whose weights were kept: the last one.

    history_ : list of dict
        Record of each epoch: "epoch", "train_loss", with validation data "valid_loss"
        and "valid_acc" (the accuracy), and the scores of
        callbacks.

    See Also
    --------
    GlobalPoolCNNClassifier : The net that finds a shape wherever it lies.

    Notes
    -----
    Training, threads and errors are as in :class:`GlobalPoolCNNClassifier`. Only the
    parameters that a comparison needs can be set.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import FlattenCNNClassifier
    >>> narrow, wide = np.zeros((2, 10, 64))
    >>> narrow[:, 30:34], wide[:, 20:44] = 1, 1
    >>> X, y = np.vstack([narrow, wide]), ["narrow"] * 10 + ["wide"] * 10
    >>> model = FlattenCNNClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> model.predict(X[[0, -1]])
    array(['narrow', 'wide'], dtype='<U6')
    """

    _parameter_constraints = {
        **{
            name: NetClassifier._parameter_constraints[name]
            for name in (
                *("augmentation", "level", "lr", "batch_size", "max_epochs"),
                *("class_weight", "device", "precision", "callbacks", "verbose"),
                "random_state",
            )
        },
        "n_filters": [at_least(1)],
        "kernel_size": [StrOptions({"auto"}), at_least(1)],
        "stride": [at_least(1)],
        "padding": [at_least(0)],
        "pool_size": [at_least(1)],
        "pool_stride": [at_least(1)],
    }

    _module_class = FlattenCNN

    _fixed_options = dict(
        optimizer="adam",
        lr_schedule="constant",
        weight_decay=0.0,
        early_stopping=False,
        n_iter_no_change=None,
        tol=0.0,
        warm_start=False,
    )

    def __init__(
        self,
        n_filters=64,
        kernel_size="auto",
        stride=1,
        *,
        padding=1,
        pool_size=16,
        pool_stride=2,
        augmentation=None,
        level=None,
        lr=1e-3,
        batch_size=32,
        max_epochs="auto",
        class_weight=None,
        device="auto",
        precision="float32",
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.pool_size = pool_size
        self.pool_stride = pool_stride
        self.augmentation = augmentation
        self.level = level
        self.lr = lr
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.class_weight = class_weight
        self.device = device
        self.precision = precision
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _module_config(self, n_freqs):
        kernel_size = self.kernel_size
        if kernel_size == "auto":
            kernel_size = min(128, n_freqs)
        _check_kernel(kernel_size, n_freqs)
        return dict(
            n_filters=int(self.n_filters),
            stride=int(self.stride),
            padding=int(self.padding),
            pool_stride=int(self.pool_stride),
            **flatten_sizes(
                n_freqs,
                kernel_size,
                self.stride,
                self.padding,
                self.pool_size,
                self.pool_stride,
            ),
        )

    def _default_augmentation(self):
        return _default_shifts("circular", self._is_multilabel)


def _check_kernel(kernel_size, n_freqs):
    if kernel_size > n_freqs:
        raise ValueError(
            f"kernel_size (={kernel_size}) must not exceed the length of the spectra "
            f"(n_features = {n_freqs}). Choose a shorter kernel or longer spectra."
        )


def _scaled_over_time(X):
    """Say whether all frequencies of a spectrogram were scaled one by one."""
    if X.ndim < 3 or X.shape[-2] < 2:
        return False
    low, high = X.min(axis=-1), X.max(axis=-1)
    if not low.max() == low.min() < high.min() == high.max():
        return False
    return bool(np.any((X > low.min()) & (X < high.max())))  # not black and white


def _sizes_of_layers(classifier):
    """Return `kernel_size` and `stride`, None for "auto", as many as layers."""
    n_filters, sizes = classifier.n_filters, {}
    for name in ("kernel_size", "stride"):
        value = getattr(classifier, name)
        if isinstance(value, (tuple, list)) and len(value) != len(n_filters):
            raise ValueError(
                f"{name} (={value!r}) must have one value for each of the "
                f"{len(n_filters)} layers of n_filters (={n_filters!r})."
            )
        sizes[name] = None if isinstance(value, str) else value
    return sizes

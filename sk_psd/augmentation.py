"""Random changes of the training data: shifts in frequency and time, noise."""

import copy
import math
from abc import abstractmethod
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_random_state

from sk_psd._constraints import RealNotInt, StrOptions, at_least, probability
from sk_psd._layout import (
    warn_of_frames,
    warn_of_powers,
    warn_of_spectra,
    warn_of_waveforms,
)
from sk_psd._noise import (
    NoisePool,
    add_noise_to_powers,
    draw_smooth_gains,
    line_powers,
)
from sk_psd._numbers import as_float
from sk_psd._shift import noise_bins, random_shift
from sk_psd._training_rows import are_too_large_to_copy
from sk_psd._transformer import SpectrumTransformer
from sk_psd._validation import check_rows
from sk_psd.signals import add_noise, shift_frequency

__all__ = [
    "BatchAugmentation",
    "RandomFreqShift",
    "RandomNoise",
    "RandomSpeckle",
    "RandomTimeShift",
    "list_augmentations",
    "reads_rows",
]

# The span of spectra that were scaled to [0, 1], or to [-1, 1].
_SCALED_SPAN = 2.0

# Values that are tested for one common span at a time.
_PART_VALUES = 2**20


class _TrainingOnly(SpectrumTransformer):
    """A transformer that changes X in `fit_transform` and returns it in `transform`."""

    # Whether X holds spectrograms, whose last axis is time.
    _has_frames = False

    def _check_rows(self, X, reset):
        if self._has_frames:
            return check_rows(self, X, reset=reset, max_ndim=4)
        return super()._check_rows(X, reset)

    def fit_transform(self, X, y=None):
        """Change the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to train on.

        y : None
            Ignored.

        Returns
        -------
        changed : ndarray of the shape of X
            Changed rows.
        """
        X = self._fit(X)
        rng = check_random_state(getattr(self, "random_state", None))
        return self._in_chunks(lambda part: self._change(part, rng), X)

    def transform(self, X):
        """Return the rows as they are.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or \
                (n_samples, n_channels, n_features)
            Rows to predict on.

        Returns
        -------
        X : ndarray
            The same values.
        """
        return self._check(X)


class BatchAugmentation(_TrainingOnly):
    """Base of the augmentations that a classifier can apply to its batches.

    A subclass is written once, as a function on tensors. In a Pipeline it changes the
    training data once per `fit`, by the seed `random_state` if it has this parameter.
    As the `augmentation` of a classifier it changes every batch anew, on the device of
    the classifier, and its `random_state` is not used.

    Examples
    --------
    An augmentation that tilts each spectrum by up to 6 dB, as a receiver may:

    >>> import numpy as np
    >>> import torch
    >>> from sk_psd import GlobalPoolCNNClassifier
    >>> from sk_psd.augmentation import BatchAugmentation
    >>> class RandomTilt(BatchAugmentation):
    ...     def for_batches(self, x, scale=1.0):
    ...         slope = torch.linspace(-3, 3, x.shape[-1]) / scale
    ...
    ...         def augment(batch, rows, generator):
    ...             size = torch.rand(len(batch), 1, 1, generator=generator)
    ...             return batch + (size * slope).to(batch.device)
    ...
    ...         return augment
    >>> X, y = np.random.default_rng(0).normal(size=(8, 32)), ["a", "b"] * 4
    >>> net = GlobalPoolCNNClassifier(augmentation=[RandomTilt()], max_epochs=1)
    >>> net.fit(X, y).n_iter_
    1
    """

    @abstractmethod
    def for_batches(self, x, scale=1.0):
        """Prepare for the training data of a classifier.

        Parameters
        ----------
        x : float32 Tensor of shape (N, C, F) or (N, C, F, T)
            All training spectra, or spectrograms. They are on the device of the
            classifier, or on the CPU if the device has no room for them.

        scale : float, default=1.0
            Value of 1 in `x` in the unit of the spectra that the user passed, such as
            dB.

        Returns
        -------
        augment : callable
            ``augment(batch, rows, generator)`` returns the changed batch. `rows` are
            the indices of its samples in `x`, on the device of `x`. `generator` is the
            only source of random numbers. It is on the CPU: draw there, and move the
            result to the device of the batch. In a Pipeline `x` is a part of the
            training data, and `rows` is ``slice(None)``.
        """

    def _change(self, X, rng):
        generator = torch.Generator().manual_seed(int(rng.randint(2**31 - 1)))
        x = torch.from_numpy(X)
        if self._has_frames:
            x = x[..., None] if x.ndim == 2 else x
            x = x[:, None] if x.ndim == 3 else x
        else:
            x = x[:, None] if x.ndim == 2 else x
        changed = self.for_batches(x)(x, slice(None), generator)
        return changed.reshape(X.shape).numpy()


class RandomFreqShift(BatchAugmentation):
    """Shift each training spectrum, or signal, by its own random frequency.

    .. note::

        ``fit_transform(X)`` shifts, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` the training data are therefore shifted,
        once per `fit`, and the data to predict never are. As the `augmentation` of a
        classifier, the same object shifts the training data anew in every batch.

    Parameters
    ----------
    max_shift : int or float, default=0.5
        Shifts are drawn uniformly from the whole numbers of bins between
        ``-max_shift`` and ``max_shift``. An int is a number of bins, a float a
        fraction of the axis between 0 and 1. The bins of a signal are those of the FFT
        over its whole length. The axis of a complex signal is its sampling frequency,
        that of a real one is half of it, whatever part :class:`WelchPSD` keeps.

    mode : {"wrap", "edge", "floor"}, default="wrap"
        Values that enter at the vacated end. "wrap" takes those that left at the other
        end, for two-sided spectra of complex signals, whose axis is a circle. "edge"
        repeats the first or the last bin. "floor" takes values of the weaker half of
        the spectrum's own bins. Signals allow "wrap" only.

    domain : {"spectrum", "spectrogram", "signal"}, default="spectrum"
        Kind of the rows in a Pipeline: spectra, spectrograms of shape (n_samples,
        [n_channels,] n_freqs, n_frames), or raw signals. Signals are shifted before
        their spectra are taken, as by :func:`sk_psd.signals.shift_frequency`. A
        classifier knows its axes, and takes "spectrum" and "spectrogram" alike.

    fill : {"noise"} or None, default="noise"
        Filling of the vacated strip of a real signal: white noise at the signal's own
        floor, or nothing. For signals only.

    offset : {"auto", "move", "remove", "stay"}, default="auto"
        Treatment of the mean of each signal: it moves with the rest, it is taken off
        together with the drift, or both stay at 0 Hz. "auto" is "move" for complex
        signals and "stay" for real ones, where the mean belongs to the sensor. For a
        complex signal with the spike of a receiver at 0 Hz choose "stay". For signals
        only.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same shifts at every call. Not used in a classifier, whose
        own `random_state` seeds the shifts.

    Attributes
    ----------
    n_features_in_ : int
        Length of the rows, or of the frequency axis of spectrograms.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    RandomTimeShift : Shift spectrograms in time.
    GlobalPoolCNNClassifier : Takes this object as its `augmentation`.

    Notes
    -----
    All channels of a sample are shifted together. The number of samples stays the
    same, and so does X itself.

    Real signals that are shifted off their axis are gone. Choose `max_shift` so that
    the band of each stays on it.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomFreqShift
    >>> X = np.eye(3, 8)
    >>> shift = RandomFreqShift(max_shift=2, random_state=0)
    >>> shift.fit_transform(X).argmax(axis=1)
    array([7, 7, 1])
    >>> shift.transform(X).argmax(axis=1)
    array([0, 1, 2])
    """

    _parameter_constraints = {
        "max_shift": [at_least(0), at_least(0, RealNotInt)],
        "mode": [StrOptions({"wrap", "edge", "floor"})],
        "domain": [StrOptions({"spectrum", "spectrogram", "signal"})],
        "fill": [StrOptions({"noise"}), None],
        "offset": [StrOptions({"auto", "move", "remove", "stay"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        max_shift=0.5,
        *,
        mode="wrap",
        domain="spectrum",
        fill="noise",
        offset="auto",
        random_state=None,
    ):
        self.max_shift = max_shift
        self.mode = mode
        self.domain = domain
        self.fill = fill
        self.offset = offset
        self.random_state = random_state

    @property
    def _allow_complex(self):
        return self.domain == "signal"

    @property
    def _has_frames(self):
        return self.domain == "spectrogram"

    def _fit(self, X):
        X = super()._fit(X)
        if self.domain == "signal" and self.mode != "wrap":
            raise ValueError(
                "mode must be 'wrap' with domain='signal'; see fill for the vacated "
                f"strip of a real signal. Got mode={self.mode!r}."
            )
        if self.domain == "spectrum":
            remedy = "For signals use RandomFreqShift(domain='signal')."
            warn_of_waveforms("RandomFreqShift", X, remedy)
            warn_of_frames("RandomFreqShift", X)
        self._max_bins(X)
        return X

    def _max_bins(self, X):
        n_bins = self.n_features_in_
        if self.domain == "signal" and not np.iscomplexobj(X):
            n_bins = n_bins // 2 + 1
        return _max_shift_in_bins(self.max_shift, n_bins, "bins")

    def for_batches(self, x, scale=1.0):
        """Prepare for the training data of a classifier.

        Parameters
        ----------
        x : float32 Tensor of shape (N, C, F) or (N, C, F, T)
            All training spectra, or spectrograms.

        scale : float, default=1.0
            Ignored.

        Returns
        -------
        augment : callable
            ``augment(batch, rows, generator)`` returns the shifted batch.
        """
        if self.domain == "signal":
            raise ValueError(
                "augmentation cannot shift signals, as a classifier sees spectra. Use "
                "RandomFreqShift(domain='spectrum'), or put this one before WelchPSD "
                "in a Pipeline. Got domain='signal'."
            )
        axis = 2
        max_bins = _max_shift_in_bins(self.max_shift, x.shape[axis], "bins")
        needs_floor = self.mode == "floor" and max_bins
        floors = None
        if needs_floor and not are_too_large_to_copy(x):
            # Once for all batches, as every spectrum is ranked for its floor. Where the
            # spectra have no room on a device or in memory, the floors have none.
            floors = noise_bins(x, axis)

        def find_floor(rows):
            return noise_bins(x[rows], axis) if floors is None else floors[rows]

        def shift(batch, rows, generator):
            return random_shift(
                batch,
                max_bins,
                mode=self.mode,
                axis=axis,
                noise=find_floor(rows) if needs_floor else None,
                generator=generator,
            )

        return shift

    def _change(self, X, rng):
        if self.domain != "signal":
            return super()._change(X, rng)
        max_bins = self._max_bins(X)
        bins = rng.randint(-max_bins, max_bins + 1, size=len(X))
        offset = self.offset
        if offset == "auto":
            offset = "move" if np.iscomplexobj(X) else "stay"
        # From a copy, so that the shifts are the same with and without noise.
        seed = copy.deepcopy(rng).randint(2**31 - 1)
        shift = bins / X.shape[-1]
        return shift_frequency(
            X, shift, fill=self.fill, offset=offset, random_state=seed
        )


class RandomTimeShift(BatchAugmentation):
    """Shift each training spectrogram by its own random time.

    .. note::

        ``fit_transform(X)`` shifts, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` the training data are therefore shifted,
        once per `fit`, and the data to predict never are. As the `augmentation` of a
        classifier, the same object shifts the training data anew in every batch.

    Parameters
    ----------
    max_shift : int or float, default=0.2
        Shifts are drawn uniformly from the whole numbers of frames between
        ``-max_shift`` and ``max_shift``. An int is a number of frames, a float a
        fraction of the axis between 0 and 1.

    mode : {"edge", "wrap"}, default="edge"
        Values that enter at the vacated end: the first or last frame again, or the
        frames that left at the other end.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same shifts at every call. Not used in a classifier, whose
        own `random_state` seeds the shifts.

    Attributes
    ----------
    n_features_in_ : int
        Length of the frequency axis.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    RandomFreqShift : Shift spectra or spectrograms in frequency.
    SpectrogramCNNClassifier : Takes this object as its `augmentation`.

    Notes
    -----
    X has the shape (n_samples, [n_channels,] n_freqs, n_frames). Rows without frames,
    of shape (n_samples, n_freqs), are spectrograms of one frame and stay as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomTimeShift
    >>> X = np.arange(5.0) * np.ones((2, 3, 1))  # 2 spectrograms of 5 frames
    >>> RandomTimeShift(2, random_state=0).fit_transform(X)[:, 0]
    array([[1., 2., 3., 4., 4.],
           [2., 3., 4., 4., 4.]])
    """

    _parameter_constraints = {
        "max_shift": [at_least(0), at_least(0, RealNotInt)],
        "mode": [StrOptions({"edge", "wrap"})],
        "random_state": ["random_state"],
    }

    _has_frames = True

    def __init__(self, max_shift=0.2, *, mode="edge", random_state=None):
        self.max_shift = max_shift
        self.mode = mode
        self.random_state = random_state

    def _fit(self, X):
        X = super()._fit(X)
        _max_shift_in_bins(self.max_shift, X.shape[-1] if X.ndim > 2 else 1, "frames")
        return X

    def for_batches(self, x, scale=1.0):
        """Prepare for the training data of a classifier.

        Parameters
        ----------
        x : float32 Tensor of shape (N, C, F, T)
            All training spectrograms.

        scale : float, default=1.0
            Ignored.

        Returns
        -------
        augment : callable
            ``augment(batch, rows, generator)`` returns the shifted batch.
        """
        if x.ndim < 4:
            raise ValueError(
                "RandomTimeShift needs spectrograms, as spectra have no time axis. Use "
                "RandomFreqShift, or SpectrogramCNNClassifier."
            )
        max_frames = _max_shift_in_bins(self.max_shift, x.shape[3], "frames")

        def shift(batch, rows, generator):
            return random_shift(
                batch, max_frames, mode=self.mode, axis=3, generator=generator
            )

        return shift


class RandomNoise(BatchAugmentation):
    """Add noise to each training signal, or spectrum, at a random strength.

    A noise level that was never seen in training breaks most models of spectra, as
    noise lifts the floor between the shapes. Trained with this class, they have seen
    it.

    .. note::

        ``fit_transform(X)`` adds noise, ``transform(X)`` returns X as it is. In a
        :class:`~sklearn.pipeline.Pipeline` noise is therefore added to the training
        data, once per `fit`, and never to the data to predict. As the `augmentation`
        of a classifier, the same object adds noise anew in every batch.

    Parameters
    ----------
    snr_db : float or (float, float), default=(-5, 30)
        Power of the signal (without its mean) over that of the noise, on the whole
        axis, in dB: for all, or drawn uniformly for each sample.

    domain : {"signal", "spectrum"}, default="signal"
        Kind of the rows: raw signals, before :class:`WelchPSD`, or its spectra in
        decibels. In the spectra of a signal that is steady, the noise follows the law
        that noise in the signal itself would have, see Notes. A classifier needs
        "spectrum".

    clean_fraction : float, default=0.3
        Probability of each sample to stay without noise. A model that sees noise only
        no longer knows clean signals.

    n_averages : int, default=8
        Segments that :class:`WelchPSD` averages. The more, the less the noise scatters.
        Half or twice the true number serves as well. For spectra only.

    color_db : float, default=0.0
        Standard deviation, in dB, of the density of the noise along the axis. It is a
        smooth curve, another one for each sample. 0 is white noise. For spectra only.

    line_probability : float, default=0.0
        Probability of each sample, with or without noise, to get a line at a random
        frequency: a carrier, a spur, hum. Classes that are lines themselves suffer.
        For spectra only.

    line_db : (float, float), default=(-20, 3)
        Power of the line over that of the signal in dB, drawn uniformly.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same noise at every call. Not used in a classifier, whose
        own `random_state` seeds the noise.

    Attributes
    ----------
    n_features_in_ : int
        Length of the rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    RandomSpeckle : The scatter of the spectrum itself, drawn anew.
    RandomFreqShift : Shift the training data.

    Notes
    -----
    The number of samples stays the same, and so does X itself. The signal-to-noise
    ratio of a sample holds for each of its channels.

    In a spectrum of K averaged segments, the mean of the noise over the segments adds
    to the amplitude of the signal, with a random phase, and the K deviations from it,
    with K - 1 degrees of freedom, add their powers. Neighboring bins are correlated as
    behind a Hann window.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomNoise
    >>> X = np.sin(np.arange(1000.0))[None]
    >>> noise = RandomNoise(10, clean_fraction=0, random_state=0).fit_transform(X) - X
    >>> round(float(X.var() / noise.var()))
    10
    """

    _parameter_constraints = {
        "snr_db": [Real, tuple, list],
        "domain": [StrOptions({"signal", "spectrum"})],
        "clean_fraction": [probability()],
        "n_averages": [at_least(1)],
        "color_db": [at_least(0, Real)],
        "line_probability": [probability()],
        "line_db": [Real, tuple, list],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        snr_db=(-5, 30),
        *,
        domain="signal",
        clean_fraction=0.3,
        n_averages=8,
        color_db=0.0,
        line_probability=0.0,
        line_db=(-20, 3),
        random_state=None,
    ):
        self.snr_db = snr_db
        self.domain = domain
        self.clean_fraction = clean_fraction
        self.n_averages = n_averages
        self.color_db = color_db
        self.line_probability = line_probability
        self.line_db = line_db
        self.random_state = random_state

    @property
    def _allow_complex(self):
        return self.domain == "signal"

    def _fit(self, X):
        X = super()._fit(X)
        _limits_in_db("snr_db", self.snr_db)
        _limits_in_db("line_db", self.line_db)
        if self.domain == "signal":
            warn_of_spectra("RandomNoise", X)
        else:
            _check_levels("RandomNoise(domain='spectrum')", X)
        return X

    def for_batches(self, x, scale=1.0):
        """Prepare for the training data of a classifier.

        Parameters
        ----------
        x : float32 Tensor of shape (N, C, F)
            All training spectra.

        scale : float, default=1.0
            Value of 1 in `x` in dB.

        Returns
        -------
        augment : callable
            ``augment(batch, rows, generator)`` returns the noisy batch.
        """
        if self.domain != "spectrum":
            raise ValueError(
                "augmentation cannot add noise to signals, as a classifier sees "
                "spectra. Use RandomNoise(domain='spectrum'), or put this one before "
                f"WelchPSD in a Pipeline. Got domain={self.domain!r}."
            )
        _check_spectra_in_decibels("RandomNoise(domain='spectrum')", x, scale)
        low, high = _limits_in_db("snr_db", self.snr_db)
        line_low, line_high = _limits_in_db("line_db", self.line_db)
        for name in ("snr_db", "line_db"):
            if max(map(abs, _limits_in_db(name, getattr(self, name)))) > 200:
                raise ValueError(
                    f"{name} must lie between -200 and 200 dB for spectra. Got "
                    f"{getattr(self, name)!r}."
                )
        n_averages, pool = int(self.n_averages), None
        nepers = scale * math.log(10) / 10  # the unit of x in powers of e

        def draw_in_db(n, low, high, generator, like):
            level = torch.rand(n, 1, 1, generator=generator, device="cpu")
            return (10 ** ((low + (high - low) * level) / 10)).to(like.device)

        def change(batch, _, generator):
            """Add noise and lines to all spectra of a batch where they are drawn."""
            nonlocal pool
            if pool is None:
                pool = NoisePool(batch.shape[-1], n_averages - 1, generator, like=batch)
            n, _, n_freqs = batch.shape
            uniform = torch.rand(2, n, generator=generator, device="cpu")
            is_noisy = uniform[0] >= self.clean_fraction
            has_line = uniform[1] < self.line_probability
            rows = (is_noisy | has_line).nonzero()[:, 0]
            # Indices into the rows that change, not into the batch.
            noisy = is_noisy[rows].nonzero()[:, 0].to(batch.device)
            lined = has_line[rows].nonzero()[:, 0].to(batch.device)
            rows = rows.to(batch.device)
            changed = batch.clone()
            top, powers, signal = _to_powers(batch[rows], nepers)
            if len(lined):
                lines = line_powers(len(lined), n_freqs, generator, like=batch)
                level = draw_in_db(
                    len(lined), line_low, line_high, generator, like=batch
                )
                powers[lined] += lines * level * signal[lined] * n_freqs
            if len(noisy):
                # The ratio is that to the signal without the line.
                ratio = draw_in_db(len(noisy), low, high, generator, like=batch)
                density = signal[noisy] / ratio
                if self.color_db:
                    density = density * draw_smooth_gains(
                        len(noisy), n_freqs, self.color_db, generator, like=batch
                    )
                powers[noisy] = add_noise_to_powers(
                    powers[noisy], density, n_averages, pool, generator
                )
            changed[rows] = _to_decibels(powers, top, nepers)
            return changed

        return change

    def _change(self, X, rng):
        if self.domain == "spectrum":
            return super()._change(X, rng)
        low, high = _limits_in_db("snr_db", self.snr_db)
        snr_db = rng.uniform(low, high, size=len(X))
        noisy = add_noise(X, snr_db, rng)
        is_clean = rng.uniform(size=len(X)) < self.clean_fraction
        noisy[is_clean] = X[is_clean]
        return noisy


class RandomSpeckle(BatchAugmentation):
    """Multiply each training spectrum by the scatter of another estimate of it.

    A spectrum is an estimate: another stretch of the same signal gives another one,
    whose bins scatter around the true power. A net that sees the scatter of its
    training spectra only learns it by heart, most of all with few recordings.

    .. note::

        ``fit_transform(X)`` changes X, ``transform(X)`` returns it as it is. In a
        :class:`~sklearn.pipeline.Pipeline` the training data are therefore changed,
        once per `fit`, and the data to predict never are. As the `augmentation` of a
        classifier, the same object changes the training data anew in every batch.

    Parameters
    ----------
    n_averages : int, default=8
        Segments that :class:`WelchPSD` averages. The factors are the mean of twice as
        many periodograms of white noise, as the spectrum has its own scatter already.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same factors at every call. Not used in a classifier, whose
        own `random_state` seeds them.

    Attributes
    ----------
    n_features_in_ : int
        Length of the spectra.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    RandomNoise : Add noise to signals or spectra.

    Notes
    -----
    The spectra are in decibels. Neighboring bins are correlated as behind a Hann
    window.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_psd import RandomSpeckle
    >>> X = np.tile(np.linspace(-60, 0, 512), (100, 1))  # in dB
    >>> scatter = RandomSpeckle(8, random_state=0).fit_transform(X) - X
    >>> bool(1.0 < scatter.std() < 1.2)
    True
    """

    _parameter_constraints = {
        "n_averages": [at_least(1)],
        "random_state": ["random_state"],
    }

    def __init__(self, n_averages=8, *, random_state=None):
        self.n_averages = n_averages
        self.random_state = random_state

    def _fit(self, X):
        X = super()._fit(X)
        _check_levels("RandomSpeckle", X)
        return X

    def for_batches(self, x, scale=1.0):
        """Prepare for the training data of a classifier.

        Parameters
        ----------
        x : float32 Tensor of shape (N, C, F)
            All training spectra.

        scale : float, default=1.0
            Value of 1 in `x` in dB.

        Returns
        -------
        augment : callable
            ``augment(batch, rows, generator)`` returns the changed batch.
        """
        _check_spectra_in_decibels("RandomSpeckle", x, scale)
        pool = None

        def change(batch, rows, generator):
            nonlocal pool
            if pool is None:
                n_freqs, n_averages = batch.shape[-1], 2 * int(self.n_averages)
                pool = NoisePool(n_freqs, n_averages, generator, like=batch)
                pool.in_decibels(10 / math.log(10) / scale)
            return batch + pool.draw_powers(batch.shape, generator)

        return change


def list_augmentations(augmentation, default, level):
    """Return the objects that the parameter `augmentation` of a classifier stands for.

    Parameters
    ----------
    augmentation : "auto", "robust", None, BatchAugmentation or list of them

    default : list of BatchAugmentation
        The objects of "auto".

    level : {"median", "minmax"} or None
        The parameter `level` of the classifier.

    Returns
    -------
    steps : list of BatchAugmentation
        With valid parameters.
    """
    steps = augmentation or []
    if isinstance(augmentation, str):
        steps = default
        if augmentation == "robust":
            if level is None:
                raise ValueError(
                    "augmentation='robust' needs level='median' or level='minmax': "
                    "noise changes the level of a spectrum, and scaled spectra have "
                    "lost the decibels that it is added in. Leave MinMaxScale out. Got "
                    "level=None."
                )
            steps = [*default, RandomSpeckle(), RandomNoise(domain="spectrum")]
    elif isinstance(augmentation, BatchAugmentation):
        steps = [augmentation]
    for step in steps:
        if not isinstance(step, BatchAugmentation):
            raise ValueError(
                "augmentation must be 'auto', 'robust', None, an object of "
                "sk_psd.augmentation such as RandomFreqShift, or a list of them. Got "
                f"{step!r}."
            )
        step._validate_params()
    return steps


def reads_rows(step):
    """Say whether an augmentation reads the training data in parts.

    Parameters
    ----------
    step : BatchAugmentation

    Returns
    -------
    reads_rows : bool
        Whether `for_batches` takes StandardizedRows as well as a Tensor of all rows.
    """
    # Compares the methods, because a subclass may override `for_batches`.
    own = RandomFreqShift, RandomTimeShift, RandomNoise, RandomSpeckle
    return type(step).for_batches in [kind.for_batches for kind in own]


def _to_powers(x, nepers):
    """Return the level (N, C, 1) of the top, powers relative to it, and their mean."""
    top = x.amax(-1, keepdim=True)
    powers = ((x - top) * nepers).exp()
    return top, powers, powers.mean(-1, keepdim=True)


def _to_decibels(powers, top, nepers):
    return top + powers.clamp(min=torch.finfo(powers.dtype).tiny).log() / nepers


def _check_spectra_in_decibels(name, x, scale):
    """Raise an error unless a Tensor, or StandardizedRows, are spectra in decibels."""
    if x.ndim != 3:
        raise ValueError(
            f"{name} needs spectra, not spectrograms of shape (n_samples, n_channels, "
            f"n_freqs, n_frames). Got shape {tuple(x.shape)}."
        )
    _check_decibels(name, x, scale)


def _check_levels(name, X):
    """Check that rows of a Pipeline are spectra in decibels, as far as they show it."""
    _check_decibels(name, X)
    warn_of_waveforms(name, X)
    warn_of_powers(name, X)


def _check_decibels(name, X, scale=1.0):
    """Raise an error where all spectra have one span, as the decibels are lost then."""
    if len(X) < 2:
        return
    limits = []
    n_rows = max(1, _PART_VALUES // math.prod(X.shape[1:]))
    for first in range(0, len(X), n_rows):  # as X may be a file
        rows = X[first : first + n_rows]
        xp = torch if isinstance(rows, torch.Tensor) else np
        lows, highs = xp.amin(rows, -1), xp.amax(rows, -1)
        limits.append([*map(float, (lows.min(), lows.max(), highs.min(), highs.max()))])
    low, highest_low, lowest_high, high = zip(*limits, strict=True)
    low, high = min(low), max(high)
    span = (high - low) * scale
    tolerance = 1e-4 * (high - low)
    alike = max(max(highest_low) - low, high - min(lowest_high)) < tolerance
    if 0 < span <= _SCALED_SPAN and alike:
        raise ValueError(
            f"{name} needs spectra in decibels, but all rows of X have the span "
            f"{span:.3g}, as MinMaxScale leaves them. Leave MinMaxScale out; the "
            "classifier's parameter level takes its place."
        )


def _limits_in_db(name, value):
    """Return the two limits of a parameter that is a number of dB or a range."""
    limits = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    try:
        low, high = map(as_float, limits)
        # A range that overflows has no uniform distribution.
        is_valid = -1e300 < low <= high < 1e300
    except (TypeError, ValueError, OverflowError):
        is_valid = False
    if not is_valid:
        raise ValueError(
            f"{name} must be a finite number or a tuple (low, high) of them with "
            f"low <= high. Got {value!r} instead."
        )
    return low, high


def _max_shift_in_bins(max_shift, n_bins, unit):
    """Convert `max_shift` to bins: an int is bins, a float a fraction of the axis.

    Parameters
    ----------
    max_shift : int or float

    n_bins : int
        Length of the axis.

    unit : {"bins", "frames"}
        Unit of the axis, for the message.

    Returns
    -------
    max_bins : int
    """
    is_whole = isinstance(max_shift, Integral)
    if max_shift > (n_bins if is_whole else 1.0):
        raise ValueError(
            f"max_shift (={max_shift!r}) must not exceed the axis: an int is a number "
            f"of {unit}, here at most {n_bins}; a float is a fraction, at most 1.0."
        )
    return int(max_shift if is_whole else max_shift * n_bins)

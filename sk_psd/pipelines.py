"""The recommended Pipeline for each kind of frequency axis."""

from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from sk_psd._arguments import check_flag, check_option
from sk_psd._numbers import as_int, as_rate
from sk_psd._state import VersionedState
from sk_psd.augmentation import RandomFreqShift, RandomNoise, RandomSpeckle
from sk_psd.classification import GlobalPoolCNNClassifier
from sk_psd.feature_classifier import InvariantFeaturesClassifier
from sk_psd.invariant_features import InvariantFeatures
from sk_psd.resampling import LogFrequency
from sk_psd.scaling import MinMaxScale
from sk_psd.spectral import WelchPSD

__all__ = ["make_spectrum_classifier"]


def make_spectrum_classifier(
    axis="two-sided",
    *,
    fs,
    nperseg=256,
    robust=False,
    vote=False,
    device="auto",
    random_state=None,
):
    """Return the Pipeline from raw signals to classes that suits a frequency axis.

    Parameters
    ----------
    axis : {"two-sided", "one-sided", "log"}, default="two-sided"
        Where the shapes move in use. "two-sided" is for complex signals, whose axis is
        a circle. "one-sided" is for real signals, whose axis ends. "log" is for real
        signals whose pitch or speed changes, which multiplies all frequencies.

    fs : float
        Sampling frequency in Hz.

    nperseg : int, default=256
        Samples in each segment of Welch's method. Twice as many see details half as
        wide. A signal should have several segments.

    robust : bool, default=False
        Whether noise, gain and empty bands in use differ from those of the training
        data. Each spectrum is then brought to its median level, and on the first two
        axes the net is trained with noise of -5 to 30 dB, which takes twice as long. On
        the third axis no noise is trained, and the level alone may lower the accuracy.

    vote : bool, default=False
        Whether a second classifier votes beside the net: logistic regression on
        :class:`InvariantFeatures`. The probabilities of both classifiers are averaged.
        A vote suits the one-sided axis, see Notes.

    device : str, default="auto"
        Where to train and predict, as in :class:`GlobalPoolCNNClassifier`.

    random_state : int, RandomState instance or None, default=None
        Seeds the training. Pass an int for identical results.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        With the steps "psd" (:class:`WelchPSD`), on the logarithmic axis "log"
        (:class:`LogFrequency`), unless robust "scale" (:class:`MinMaxScale`), and "net"
        (:class:`GlobalPoolCNNClassifier`). All their parameters can be set, for example
        by ``pipeline.set_params(psd__fmin=100, net__max_epochs=50)``. With a vote the
        last step is "vote", a :class:`sklearn.ensemble.VotingClassifier` of "net" and
        "features" (:class:`InvariantFeaturesClassifier`). Its parameters have longer
        names: ``pipeline.set_params(vote__net__max_epochs=50)``.

    See Also
    --------
    make_baselines : Classical pipelines to compare with.

    Notes
    -----
    The first bin of a one-sided spectrum, which holds the rest of the mean, is left
    out. On a one-sided axis a robust net pads with zeros and is trained with shifts by
    a tenth of the axis, the other one is trained as if the axis were closed. Each was
    the better one on recorded vibration. On a logarithmic axis noise is not trained.
    Train on recordings that have the noise in use, or compare with `robust` and
    ``set_params(net__augmentation="robust")``.

    A vote suits the one-sided axis. On recorded vibration (two seeds,
    ``benchmarks/real_signals.py``) the mean accuracy rose from 0.952 to 0.985 as
    recorded, from 0.944 to 0.974 with shifts by up to 1000 Hz and from 0.607 to 0.831
    in noise of 10 dB. With `robust` the accuracy rose from 0.961 to 0.984, and from
    0.843 to 0.905 in noise of 0 dB. Only with holes of up to 1000 Hz it fell, by 0.003.
    The other figures are from ``benchmarks/field.py``. On two-sided axes the vote
    lowered the accuracy by 0.03 on spectra that the end of the axis cuts off, and by
    0.05 on shapes that look alike. On sounds on the logarithmic axis it changed the
    accuracy by -0.003 to 0.002, and with `robust` raised it by up to 0.08, at half the
    pitch.

    Examples
    --------
    >>> from sk_psd import make_spectrum_classifier
    >>> from sk_psd.datasets import make_shift_benchmark
    >>> data = make_shift_benchmark("easy4", n_train=200, n_test=60, n_freqs=256)
    >>> model = make_spectrum_classifier(fs=1.0, random_state=0)
    >>> model.set_params(net__max_epochs=20).fit(data.X_train, data.y_train)
    Pipeline(...)
    >>> model.score(*data.test["shifted"]) > 0.9
    True
    """
    check_option("axis", axis, ("two-sided", "one-sided", "log"))
    check_flag("robust", robust)
    check_flag("vote", vote)
    fs, nperseg = as_rate(fs), _check_nperseg(nperseg)
    two_sided = axis == "two-sided"
    psd = WelchPSD(
        fs,
        nperseg=nperseg,
        decibels=True,
        return_onesided=not two_sided,
        detrend=False if two_sided else "constant",
        # Any frequency above 0 leaves out the first bin, whatever nperseg is set later.
        fmin=None if two_sided else 1e-6 * fs,
    )
    # On recorded vibration, whose axis ends, circular padding and shifts over the whole
    # axis are better than zeros by up to 0.02 without noise, and worse by 0.03 at 0 dB.
    zeros = axis == "log" or (axis == "one-sided" and robust)
    net = GlobalPoolCNNClassifier(
        padding_mode="zeros" if zeros else "circular",
        device=device,
        random_state=random_state,
    )
    steps = [("psd", psd)]
    if axis == "log":
        steps.append(("log", LogFrequency(256, fs=fs, decibels=True)))
        net.set_params(kernel_size=32)  # above an octave, as far as harmonics are apart
    # On a circular axis the copies also lose parts of a band at the ends.
    copies = [RandomFreqShift(0.5 if two_sided else 0.1, mode="floor")]
    if robust:
        net.set_params(level="median")
        if axis != "log":
            net.set_params(augmentation="robust")
            copies += [RandomSpeckle(), RandomNoise(domain="spectrum")]
    else:
        steps.append(("scale", MinMaxScale()))
    if not vote:
        return Pipeline([*steps, ("net", net)])
    features = InvariantFeaturesClassifier(
        InvariantFeatures(n_bispectrum=28),
        LogisticRegression(C=0.02, tol=1e-3, max_iter=1000),
        augmentation=copies,
        random_state=random_state,
    )
    voters = [("net", net), ("features", features)]
    return Pipeline([*steps, ("vote", _VotingClassifier(voters, voting="soft"))])


class _VotingClassifier(VersionedState, VotingClassifier):
    """A VotingClassifier without a type in its state that skops does not trust."""

    def _portable(self, state):
        if "named_estimators_" in state:
            # Places in the list of the fitted estimators, which is in the file as well.
            place = {id(model): i for i, model in enumerate(self.estimators_)}
            state["named_estimators_"] = {
                name: place.get(id(model), model)  # a string is not in the list
                for name, model in self.named_estimators_.items()
            }
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "named_estimators_" in vars(self):
            self.named_estimators_ = Bunch(
                **{
                    name: self.estimators_[item] if isinstance(item, int) else item
                    for name, item in self.named_estimators_.items()
                }
            )


def _check_nperseg(nperseg):
    """Return a number of samples as an int."""
    try:
        number = as_int(nperseg)
    except (TypeError, ValueError, OverflowError):
        number = 0
    if number < 2:
        raise ValueError(
            "nperseg must be the number of samples in a segment, 2 or more. Got "
            f"{nperseg!r}."
        )
    return number

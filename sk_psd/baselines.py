"""Classical pipelines to compare a net with."""

import numpy as np
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sk_psd._state import trust
from sk_psd.invariant_features import InvariantFeatures
from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import FFTMagnitude, WelchPSD

__all__ = ["make_baselines"]


def make_baselines(psd=None, *, C=0.01):
    """Make six pipelines of classical features and classifiers.

    All pipelines start from raw signals and differ in the features of a signal. The
    features of several channels are concatenated. The features of the last four
    pipelines do not change when a spectrum is rolled along its axis. So these four are
    the fair comparison for a shift-invariant net. The last two are the strongest.

    Parameters
    ----------
    psd : transformer, default=None
        Transformer from signals to spectra. None is ``WelchPSD(decibels=True)``. For
        complex signals pass ``WelchPSD(return_onesided=False, detrend=False,
        decibels=True)``, or leave out `detrend` if they have an offset.

    C : float, default=0.01
        Inverse of the strength of the regularization of the logistic regressions, for
        standardized features.

    Returns
    -------
    baselines : dict of str to Pipeline
        Named by the classifier and the features. Logistic regression: "logreg_psd" on
        the spectrum scaled to [0, 1]; "logreg_fft" on the FFT magnitude of the signal;
        "logreg_fft_of_psd" on the FFT magnitude of the spectrum; "logreg_aligned_psd"
        on the spectrum rolled to its peak. Linear discriminant analysis:
        "lda_sorted_psd" on the sorted outputs and Fourier magnitudes of
        :class:`InvariantFeatures`. A support vector machine: "svc_bispectrum_of_psd"
        on Fourier magnitudes and the bispectrum.

    Raises
    ------
    ValueError
        If `psd` is not a transformer.

    Notes
    -----
    On 1600 spectra of 1024 bins the last two pipelines train in half a second
    (``benchmarks/invariance.py``). The time of linear discriminant analysis grows with
    the cube of the number of features, which is proportional to the number of channels.
    With four channels it is 12 seconds.

    Examples
    --------
    >>> from sk_psd import make_baselines
    >>> for name in make_baselines():
    ...     print(name)
    logreg_psd
    logreg_fft
    logreg_fft_of_psd
    logreg_aligned_psd
    lda_sorted_psd
    svc_bispectrum_of_psd
    """
    psd = WelchPSD(decibels=True) if psd is None else psd
    if isinstance(psd, type) or not hasattr(psd, "transform"):
        raise ValueError(
            "psd must be a transformer from signals to spectra, such as WelchPSD(). "
            f"Got {psd!r} instead."
        )

    def pipeline(*steps):
        *steps, classifier = map(clone, steps)
        return make_pipeline(*steps, StandardScaler(), classifier)

    def logreg(*steps):
        # On thousands of features the default tolerance takes ten times as long and
        # changes no accuracy by more than 0.03.
        classifier = LogisticRegression(C=C, tol=1e-3, max_iter=1000)
        return pipeline(*steps, FunctionTransformer(_flatten), classifier)

    scaled = psd, MinMaxScale()
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.05)
    bispectrum = InvariantFeatures(n_octaves=0, n_bispectrum=28)
    return {
        "logreg_psd": logreg(*scaled),
        "logreg_fft": logreg(FFTMagnitude(), MinMaxScale()),
        "logreg_fft_of_psd": logreg(*scaled, FFTMagnitude()),
        "logreg_aligned_psd": logreg(*scaled, PeakAlign()),
        "lda_sorted_psd": pipeline(psd, InvariantFeatures(), lda),
        "svc_bispectrum_of_psd": pipeline(psd, bispectrum, SVC(C=10)),
    }


@trust
def _flatten(X):
    """Return spectra of shape (n_samples, ..., n_freqs) as one row for each sample."""
    return X if np.ndim(X) == 2 else np.reshape(X, (len(X), -1))

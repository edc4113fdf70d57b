"""Classify signals by the shape of their power spectral density, wherever it lies."""

from sk_psd._state import trusted_types
from sk_psd._version import __version__ as __version__
from sk_psd.augmentation import (
    RandomFreqShift,
    RandomNoise,
    RandomSpeckle,
    RandomTimeShift,
)
from sk_psd.baselines import make_baselines
from sk_psd.classification import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    SpectrogramCNNClassifier,
)
from sk_psd.feature_classifier import InvariantFeaturesClassifier
from sk_psd.filters import ConvFilter
from sk_psd.inspection import filter_response, shift_curve, shift_invariance
from sk_psd.invariant_features import InvariantFeatures
from sk_psd.learned_filters import LearnedConvFilter
from sk_psd.pipelines import make_spectrum_classifier
from sk_psd.plotting import (
    ActivationMapDisplay,
    FeatureMapDisplay,
    FilterDisplay,
    LossCurveDisplay,
    PSDDisplay,
    ScoreCurveDisplay,
    ShiftCurveDisplay,
    SpectrogramDisplay,
)
from sk_psd.recordings import WindowedClassifier, cut_windows, vote
from sk_psd.resampling import LogFrequency
from sk_psd.scaling import MinMaxScale, PeakAlign
from sk_psd.spectral import FFTMagnitude, Spectrogram, WelchPSD

__all__ = [
    "ActivationMapDisplay",
    "ConvFilter",
    "FFTMagnitude",
    "FeatureMapDisplay",
    "FilterDisplay",
    "FlattenCNNClassifier",
    "GlobalPoolCNNClassifier",
    "InvariantFeatures",
    "InvariantFeaturesClassifier",
    "LearnedConvFilter",
    "LogFrequency",
    "LossCurveDisplay",
    "MinMaxScale",
    "PSDDisplay",
    "PeakAlign",
    "RandomFreqShift",
    "RandomNoise",
    "RandomSpeckle",
    "RandomTimeShift",
    "ScoreCurveDisplay",
    "ShiftCurveDisplay",
    "Spectrogram",
    "SpectrogramCNNClassifier",
    "SpectrogramDisplay",
    "WelchPSD",
    "WindowedClassifier",
    "cut_windows",
    "filter_response",
    "make_baselines",
    "make_spectrum_classifier",
    "shift_curve",
    "shift_invariance",
    "trusted_types",
    "vote",
]

"""Displays: pictures of data, nets and filters. They need matplotlib."""

from sk_psd.plotting._activation_map import ActivationMapDisplay
from sk_psd.plotting._feature_map import FeatureMapDisplay
from sk_psd.plotting._filter import FilterDisplay
from sk_psd.plotting._loss_curve import LossCurveDisplay
from sk_psd.plotting._psd import PSDDisplay
from sk_psd.plotting._score_curve import ScoreCurveDisplay
from sk_psd.plotting._shift_curve import ShiftCurveDisplay
from sk_psd.plotting._spectrogram import SpectrogramDisplay
from sk_psd.plotting._style import line_styles

__all__ = [
    "ActivationMapDisplay",
    "FeatureMapDisplay",
    "FilterDisplay",
    "LossCurveDisplay",
    "PSDDisplay",
    "ScoreCurveDisplay",
    "ShiftCurveDisplay",
    "SpectrogramDisplay",
    "line_styles",
]

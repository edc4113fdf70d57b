"""Displays draw the numbers that are computed, with labels and units."""

import pickle
import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from sk_psd import (
    ActivationMapDisplay,
    ConvFilter,
    FeatureMapDisplay,
    FilterDisplay,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    LearnedConvFilter,
    LogFrequency,
    LossCurveDisplay,
    MinMaxScale,
    PeakAlign,
    PSDDisplay,
    ScoreCurveDisplay,
    ShiftCurveDisplay,
    Spectrogram,
    SpectrogramCNNClassifier,
    SpectrogramDisplay,
    WelchPSD,
    filter_response,
)
from sk_psd.inspection import activation_map, describe, locate, shift_rows
from sk_psd.plotting import line_styles

FS = 8000.0


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def tones():
    """40 real signals of 512 samples at 8 kHz with a low or a high tone in noise."""
    rng = np.random.default_rng(0)
    y = np.arange(40) % 2
    turns = np.outer(np.where(y, 2500, 1000) / FS, np.arange(512))
    X = np.sin(2 * np.pi * turns) + 0.3 * rng.standard_normal((40, 512))
    return X, np.array(["low", "high"])[y]


def fit_pipe(tones, *steps, net=GlobalPoolCNNClassifier, **params):
    psd = WelchPSD(fs=FS, nperseg=126, decibels=True)
    params = dict(max_epochs=2, random_state=0) | params
    return make_pipeline(psd, *steps, net(**params)).fit(*tones)


@pytest.fixture(scope="module")
def tone_pipe(tones):
    return fit_pipe(tones, MinMaxScale(), early_stopping=True)


@pytest.fixture(scope="module")
def pictures():
    """Rising and falling lines in spectrograms, and a classifier of them."""
    rising, falling = 0.1 * np.random.default_rng(0).random((2, 10, 16, 16))
    rising[:, np.arange(16), np.arange(16)] += 1
    falling[:, np.arange(16)[::-1], np.arange(16)] += 1
    X, y = np.vstack([rising, falling]), np.repeat(["rising", "falling"], 10)
    net = SpectrogramCNNClassifier((4, 8), max_epochs=2, random_state=0)
    return X, y, net.fit(X, y)


# The score against the shift


def test_display_draws_one_labeled_line_for_each_model(models, spectra):
    X, y = spectra[2]["centered"]
    display = ShiftCurveDisplay.from_estimators(models, X, y, shifts=[-0.25, 0, 0.25])
    assert [line.get_label() for line in display.lines_] == list(models)
    for line, curve in zip(display.lines_, display.curves.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [-0.25, 0, 0.25])
        np.testing.assert_array_equal(line.get_ydata(), curve.scores)
    assert display.ax_.get_xlabel() == "shift / length of the axis"
    assert display.ax_.get_ylabel() == "accuracy"
    assert {text.get_text() for text in display.texts_} == {*models, "chance"}
    assert display.figure_ is display.ax_.figure
    share = np.unique(y, return_counts=True)[1].max() / len(y)
    np.testing.assert_array_equal(display.chance_line_.get_ydata(), [share, share])


def test_the_band_holds_the_scores_of_all_phases_of_the_strides(models, spectra):
    X, y = spectra[2]["centered"]
    model = models["approximate"]
    stride = describe(model).stride
    display = ShiftCurveDisplay.from_estimator(model, X, y, shifts=[0, 64])
    every = [
        [model.score(np.roll(X, s + j, axis=1), y) for j in range(-stride // 2, 0)]
        + [model.score(np.roll(X, s + j, axis=1), y) for j in range(stride // 2)]
        for s in (0, 64)
    ]
    assert np.shape(every) == (2, stride) and np.ptp(every) > 0
    curve = display.curves["GlobalPoolCNNClassifier"]
    np.testing.assert_array_equal(curve.lowest, np.min(every, axis=1))
    np.testing.assert_array_equal(curve.highest, np.max(every, axis=1))
    np.testing.assert_allclose(curve.scores, np.mean(every, axis=1))
    corners = display.bands_[0].get_paths()[0].vertices
    assert {*curve.lowest, *curve.highest} <= set(corners[:, 1])
    one = ShiftCurveDisplay.from_estimator(model, X, y, shifts=[0], phases=1)
    assert one.curves["GlobalPoolCNNClassifier"].scores == model.score(X, y)
    assert one.bands_ == [None]


def test_display_sorts_the_shifts_and_shows_negative_scores(models, spectra):
    X, y = spectra[2]["centered"]
    display = ShiftCurveDisplay.from_estimator(
        models["exact"], X, y, shifts=[20, -20, 0], scoring="neg_log_loss", name="it"
    )
    np.testing.assert_array_equal(display.lines_[0].get_xdata() * 256, [-20, 0, 20])
    low, high = display.ax_.get_ylim()
    assert low < display.lines_[0].get_ydata().min() and high < 0.5
    assert display.ax_.get_ylabel() == "neg log loss"
    assert display.chance_line_ is None


def test_a_name_that_matplotlib_hides_makes_no_label(models, spectra):
    X, y = spectra[2]["centered"]
    options = dict(shifts=[0], name="_hidden", scoring="neg_log_loss")
    _, ax = plt.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (None, ax):
            display = ShiftCurveDisplay.from_estimator(
                models["exact"], X, y, ax=given, **options
            )
            assert display.texts_ == [] and display.ax_.get_legend() is None


def test_the_shift_is_in_hz_where_the_sampling_frequency_is_known(pipe, signals):
    _, ax = plt.subplots()
    display = ShiftCurveDisplay.from_estimator(
        pipe, *signals.test["centered"], shifts=[0, 64], ax=ax
    )
    assert display.ax_ is ax
    assert display.lines_[0].get_label() == "GlobalPoolCNNClassifier"
    np.testing.assert_allclose(display.lines_[0].get_xdata(), [0, 64 / 256 * 10e3])
    assert ax.get_xlabel() == "shift (Hz)"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["GlobalPoolCNNClassifier", "chance"]


def test_labels_at_the_ends_of_lines_do_not_overlap():
    scores = {f"model {i}": [[0.5, 0.5 + i / 1000]] for i in range(6)}
    display = ScoreCurveDisplay.from_scores([0, 1], scores)
    display.figure_.draw_without_rendering()
    # Without the lines from the curves to the texts.
    boxes = [Text.get_window_extent(text) for text in display.texts_]
    bottoms = sorted((box.y0, box.y1) for box in boxes)
    assert all(below[1] <= above[0] for below, above in pairwise(bottoms))


# Scores against the noise


def test_scores_of_seeds_are_a_mean_and_a_band(tones, tone_pipe):
    X, y = tones
    rng = np.random.default_rng(1)
    tests = {
        snr: (X + 10 ** (-snr / 20) * rng.standard_normal(X.shape), y)
        for snr in (10.0, -10.0)
    }
    other = fit_pipe(tones, MinMaxScale(), random_state=1)
    models = {"net": [tone_pipe, other], "one": tone_pipe}
    display = ScoreCurveDisplay.from_estimators(models, tests)
    expected = [[m.score(*tests[snr]) for snr in (-10, 10)] for m in (tone_pipe, other)]
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [-10, 10])
    np.testing.assert_allclose(display.lines_[0].get_ydata(), np.mean(expected, axis=0))
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), expected[0])
    corners = display.bands_[0].get_paths()[0].vertices[:, 1]
    assert set(np.ravel(expected)) <= set(corners)
    assert display.bands_[1] is None
    assert display.ax_.get_xlabel() == "SNR (dB)"
    assert display.ax_.get_ylabel() == "accuracy"
    assert display.chance_line_.get_ydata()[0] == 0.5


def test_scores_are_drawn_from_arrays_and_into_axes():
    _, ax = plt.subplots()
    display = ScoreCurveDisplay.from_scores(
        [3, 1], {"a": [0.2, 0.4]}, value_name="windows", score_name="recall", ax=ax
    )
    assert display.ax_ is ax and display.figure_ is ax.figure
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [0.4, 0.2])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("windows", "recall")
    with pytest.raises(ValueError, match="tests must have at least one entry"):
        ScoreCurveDisplay.from_estimators({"a": None}, {})
    with pytest.raises(ValueError, match="estimators must have at least one entry"):
        ShiftCurveDisplay.from_estimators({}, np.eye(2), [0, 1])
    with pytest.raises(ValueError, match=r"scores\['a'\] must be of shape"):
        ScoreCurveDisplay.from_scores([1, 2], {"a": [0.2, 0.4, 0.6]})


@pytest.mark.parametrize(
    "draw, message",
    [
        (lambda m, X, y: ShiftCurveDisplay.from_estimators([m], X, y), "estimators"),
        (lambda m, X, y: ScoreCurveDisplay.from_estimators([m], {0: (X, y)}), "estima"),
        (
            lambda m, X, y: ScoreCurveDisplay.from_estimators({"a": m}, [(X, y)]),
            "tests",
        ),
        (lambda m, X, y: ScoreCurveDisplay.from_scores([1, 2], [0.5, 1]), "scores"),
    ],
)
def test_a_list_in_the_place_of_a_dict_is_named(draw, message):
    X, y = np.eye(4), [0, 1] * 2
    with pytest.raises(TypeError, match=f"{message}.* must be a dict.*Got a list"):
        draw(DummyClassifier().fit(X, y), X, y)


# Filters


def test_filter_display_draws_the_kernel_and_its_gain():
    conv = ConvFilter("bandpass", cutoff=(10, 20), fs=100.0).fit(np.zeros((1, 30)))
    display = FilterDisplay.from_filter(conv)
    response = filter_response(conv)
    np.testing.assert_array_equal(display.line_.get_xdata(), response.freqs)
    np.testing.assert_array_equal(display.line_.get_ydata(), response.gain)
    assert display.line_.get_label() == "ConvFilter"
    taps = display.stems_[0].markerline
    np.testing.assert_array_equal(taps.get_ydata(), conv.kernel_)
    assert [ax.get_xlabel() for ax in display.axes_] == ["tap", "frequency (Hz)"]
    assert [ax.get_ylabel() for ax in display.axes_] == ["kernel", "gain (dB)"]
    assert display.figure_ is display.axes_[0].figure
    _, axes = plt.subplots(2, 1)
    both = FilterDisplay.from_filter([1, 1j], fs=2.0, name="shift", axes=axes)
    assert list(both.axes_) == list(axes) and len(both.stems_) == 2
    assert both.line_.get_label() == "shift" and both.line_.get_xdata()[0] == -1.0


# Spectra by class


def test_psd_display_draws_medians_and_quantiles_in_db_and_hz(tones, tone_pipe):
    X, y = tones
    display = PSDDisplay.from_estimator(tone_pipe, X, y)
    psd = tone_pipe[0]
    levels = psd.transform(X)
    assert [line.get_label() for line in display.lines_] == ["high", "low"]
    for line, fill, label in zip(
        display.lines_, display.bands_, ["high", "low"], strict=True
    ):
        own = levels[y == label]
        np.testing.assert_array_equal(line.get_xdata(), psd.freqs_)
        np.testing.assert_allclose(line.get_ydata(), np.median(own, axis=0), atol=1e-5)
        corners = fill.get_paths()[0].vertices
        low, high = np.quantile(own, [0.1, 0.9], axis=0)
        np.testing.assert_allclose(corners[:, 1].min(), low.min(), atol=1e-5)
        np.testing.assert_allclose(corners[:, 1].max(), high.max(), atol=1e-5)
    assert display.ax_.get_xlabel() == "frequency (Hz)"
    assert display.ax_.get_ylabel() == "power density (dB/Hz)"
    assert display.ax_.get_legend() is not None


def test_psd_display_turns_powers_into_decibels(tones):
    X, _ = tones
    step = WelchPSD(fs=FS, nperseg=126, scaling="spectrum").fit(X)
    smooth = ConvFilter("lowpass", cutoff=3000, fs=FS).fit(X)
    display = PSDDisplay.from_estimator(make_pipeline(smooth, step), X)
    expected = np.median(10 * np.log10(step.transform(smooth.transform(X))), axis=0)
    np.testing.assert_allclose(display.lines_[0].get_ydata(), expected, atol=1e-9)
    assert display.ax_.get_ylabel() == "power (dB)"
    assert display.ax_.get_legend() is None  # no classes


def test_psd_display_of_spectra_in_given_axes():
    X = np.random.default_rng(0).normal(size=(6, 2, 8))
    _, ax = plt.subplots()
    display = PSDDisplay.from_spectra(X, [0, 0, 0, 1, 1, 1], ax=ax, relative=True)
    assert display.ax_ is ax and ax.get_xlabel() == "frequency (bins)"
    rows = X[:3] - np.median(X[:3], axis=-1, keepdims=True)
    np.testing.assert_allclose(
        display.lines_[0].get_ydata(), np.median(rows.reshape(6, 8), axis=0)
    )
    assert ax.get_ylabel() == "power density (dB/Hz), less the median"


@pytest.mark.parametrize(
    "kwargs, message",
    [
        (dict(X=np.zeros((2, 3, 4, 5))), "X must be of shape"),
        (dict(y=[0, 1, 2]), "y must hold one label for each of the 2 rows"),
        (dict(freqs=[1.0]), r"freqs must be of shape \(4,\)"),
        (dict(quantiles=(0.9, 0.1)), "quantiles must be two ascending"),
        (dict(quantiles=None), "quantiles must be two ascending"),
        (dict(relative="yes"), "relative must be True or False"),
    ],
)
def test_psd_display_names_what_does_not_fit(kwargs, message):
    with pytest.raises(ValueError, match=message):
        PSDDisplay.from_spectra(**dict(X=np.zeros((2, 4))) | kwargs)


def test_psd_display_refuses_signals_without_a_step_and_spectrograms(tones, models):
    X, _ = tones
    with pytest.raises(ValueError, match="X holds complex signals"):
        PSDDisplay.from_estimator(models["exact"], np.ones((2, 256), complex))
    with pytest.raises(NotFittedError, match="not fitted"):
        PSDDisplay.from_estimator(WelchPSD(), X)
    step = Spectrogram(fs=FS, nperseg=64).fit(X)
    with pytest.raises(ValueError, match="SpectrogramDisplay"):
        PSDDisplay.from_estimator(step, X)


# Spectrograms


@pytest.mark.parametrize("in_decibels", [True, False])
def test_spectrogram_display_draws_levels_over_s_and_hz(tones, in_decibels):
    X = np.stack(tones[:1] * 2, axis=1)  # two channels
    step = Spectrogram(fs=FS, nperseg=64, decibels=in_decibels).fit(X)
    display = SpectrogramDisplay.from_estimator(step, X, sample=-3, channel=1)
    expected = step.transform(X[-3:-2])[0, 1]
    if not in_decibels:
        expected = 10 * np.log10(expected)
    np.testing.assert_allclose(display.mesh_.get_array(), expected, atol=1e-9)
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "frequency (Hz)")
    assert display.colorbar_.ax.get_ylabel() == "power density (dB/Hz)"
    step_s, step_hz = np.diff(step.times_)[0], np.diff(step.freqs_)[0]
    np.testing.assert_allclose(
        ax.get_xlim(), step.times_[[0, -1]] + [-step_s / 2, step_s / 2]
    )
    np.testing.assert_allclose(
        ax.get_ylim(), step.freqs_[[0, -1]] + [-step_hz / 2, step_hz / 2]
    )


def test_spectrogram_display_of_an_array_in_given_axes(tone_pipe, tones):
    _, ax = plt.subplots()
    display = SpectrogramDisplay.from_spectrogram(np.eye(3, 4), ax=ax)
    assert display.ax_ is ax and ax.get_xlabel() == "time (frames)"
    np.testing.assert_array_equal(display.mesh_.get_array(), np.eye(3, 4))
    with pytest.raises(ValueError, match="spectrogram must be of shape"):
        SpectrogramDisplay.from_spectrogram(np.ones(3))
    with pytest.raises(ValueError, match="times must be of shape"):
        SpectrogramDisplay.from_spectrogram(np.eye(3), times=[0, 1])
    with pytest.raises(ValueError, match="sample must be the index of one of the 40"):
        SpectrogramDisplay.from_estimator(tone_pipe, tones[0], sample=40)
    with pytest.raises(ValueError, match="must be a fitted Spectrogram"):
        SpectrogramDisplay.from_estimator(tone_pipe, tones[0])


# The loss


def test_loss_display_draws_both_losses_and_the_best_epoch(tone_pipe):
    _, ax = plt.subplots()
    display = LossCurveDisplay.from_estimator(tone_pipe, ax=ax)
    net = tone_pipe[-1]
    training, validation = display.lines_
    np.testing.assert_array_equal(training.get_ydata(), net.loss_curve_)
    np.testing.assert_array_equal(
        validation.get_ydata(), [epoch["valid_loss"] for epoch in net.history_]
    )
    np.testing.assert_array_equal(training.get_xdata(), [1, 2])
    assert display.best_line_.get_xdata()[0] == net.best_epoch_
    assert display.ax_ is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best epoch ({net.best_epoch_})"]


def test_loss_display_of_a_learned_filter_and_of_models_without_epochs(tones):
    X, _ = tones
    learned = LearnedConvFilter(5, max_epochs=2, random_state=0).fit(X, X)
    display = LossCurveDisplay.from_estimator(learned)
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), learned.loss_curve_)
    assert display.best_line_ is None
    solved = LearnedConvFilter(5, solver="lstsq").fit(X, X)
    with pytest.raises(ValueError, match="estimator has no epochs"):
        LossCurveDisplay.from_estimator(solved)
    with pytest.raises(ValueError, match="estimator must be a net classifier"):
        LossCurveDisplay.from_estimator(MinMaxScale())


# The evidence


@pytest.mark.parametrize("aligned", [False, True])
def test_evidence_is_drawn_below_the_spectra(tones, tone_pipe, aligned):
    X, _ = tones
    model = fit_pipe(tones, MinMaxScale(), PeakAlign()) if aligned else tone_pipe
    display = ActivationMapDisplay.from_estimator(
        model, X, samples=[5, -1], mark_band=True
    )
    found = activation_map(model, X[[5, -1]])
    scaled = model[:2].transform(X[[5, -1]])  # before PeakAlign
    place = locate(model, X[[5, -1]])
    for i in range(2):
        (spectrum,) = display.spectra_[i]
        np.testing.assert_array_equal(spectrum.get_xdata(), model[0].freqs_)
        np.testing.assert_allclose(spectrum.get_ydata(), scaled[i], atol=1e-6)
        np.testing.assert_array_equal(display.evidence_[i].get_ydata(), found.maps[i])
        top, bottom = display.axes_[:, i]
        assert top.get_title() == f"net says {found.predictions[i]}"
        assert bottom.get_xlabel() == "frequency (Hz)"
        xs = display.bands_[i][0].get_extents().get_points()
        limits = top.transData.inverted().transform(xs)[:, 0]
        if place.low[i] <= place.high[i]:
            np.testing.assert_allclose(limits, [place.low[i], place.high[i]])
    assert display.axes_[0, 0].get_ylabel() == "spectrum at the net"
    assert display.axes_[1, 0].get_ylabel() == "evidence"


def test_evidence_for_another_class_says_so_in_given_axes(tones, tone_pipe):
    X, _ = tones
    said = tone_pipe.predict(X[:1])[0]
    other = "low" if said == "high" else "high"
    _, axes = plt.subplots(2, 1)
    display = ActivationMapDisplay.from_estimator(
        tone_pipe, X, samples=[0], target=other, axes=axes
    )
    assert list(display.axes_[:, 0]) == list(axes)
    assert axes[0].get_title() == f"net says {said},\nevidence for {other}"
    expected = activation_map(tone_pipe, X[:1], target=other).maps[0]
    np.testing.assert_array_equal(display.evidence_[0].get_ydata(), expected)
    with pytest.raises(ValueError, match="axes must be 4 matplotlib Axes, 2 x 2"):
        ActivationMapDisplay.from_estimator(tone_pipe, X, samples=[0, 1], axes=axes)
    with pytest.raises(ValueError, match="samples must be indices of the 40 rows"):
        ActivationMapDisplay.from_estimator(tone_pipe, X, samples=[40])


def test_evidence_on_a_logarithmic_axis_is_in_hz(tones):
    model = fit_pipe(
        tones, LogFrequency(48, fs=FS, decibels=True), padding_mode="zeros"
    )
    display = ActivationMapDisplay.from_estimator(model, tones[0], samples=[0])
    np.testing.assert_array_equal(display.evidence_[0].get_xdata(), model[1].freqs_)


def test_a_band_across_the_end_of_the_axis_is_marked_at_both_ends(models, spectra):
    X = np.roll(spectra[2]["centered"][0][:1], 128, axis=1)
    display = ActivationMapDisplay.from_estimator(models["exact"], X, mark_band=True)
    assert display.places.low[0] > display.places.high[0]
    assert len(display.bands_[0]) == 4  # two in each of two axes


def test_a_band_over_the_whole_axis_is_marked_whole():
    X = np.random.default_rng(0).random((4, 12))
    net = GlobalPoolCNNClassifier((2,), max_epochs=1, random_state=0, device="cpu")
    result = activation_map(net.fit(X, [0, 1] * 2), X[:1])
    # As locate gives it: the band ends where it starts, up to rounding.
    for high in (2.5, 2.5 + 1e-14, 2.5 - 1e-14):
        place = Bunch(low=[2.5], high=[high], bandwidth=[12.0])
        display = ActivationMapDisplay(X[:1], result, place).plot()
        assert sum(band.get_width() for band in display.bands_[0][::2]) > 10.9


def test_feature_maps_of_named_columns_make_no_warning(recwarn):
    X = pd.DataFrame(np.random.default_rng(0).random((6, 32))).add_prefix("bin")
    net = GlobalPoolCNNClassifier((4,), max_epochs=1, random_state=0, device="cpu")
    FeatureMapDisplay.from_estimator(net.fit(X, [0, 1] * 3), X)
    assert not list(recwarn)


def test_evidence_of_spectrograms_is_a_picture(pictures):
    X, _, net = pictures
    display = ActivationMapDisplay.from_estimator(
        net, X, samples=[0, 19], mark_band=True
    )
    found = activation_map(net, X[[0, 19]])
    for i, row in enumerate((0, 19)):
        np.testing.assert_array_equal(display.spectra_[i].get_array(), X[row])
        np.testing.assert_array_equal(display.evidence_[i].get_array(), found.maps[i])
    low, high = display.evidence_[0].get_clim()
    assert low == -high and high == np.abs(found.maps).max()
    assert display.axes_[1, 0].get_xlabel() == "time (s)"
    assert display.axes_[0, 0].get_ylabel() == "frequency (bins)"


# A sample on its way through a net


@pytest.mark.parametrize("pooling", ["max", "mean", "max_mean", None])
def test_feature_map_display_sums_up_to_the_logit(tones, pooling):
    X, _ = tones
    if pooling is None:
        model = fit_pipe(tones, MinMaxScale(), net=FlattenCNNClassifier, kernel_size=9)
    else:
        model = fit_pipe(tones, MinMaxScale(), pooling=pooling)
    display = FeatureMapDisplay.from_estimator(model, X, sample=3, shifts=[0, 10])
    net, code = model[-1], list(model.classes_).index(display.target)
    assert display.target == model.predict(X[3:4])[0]
    for i, shift in enumerate([0, 10]):
        rows = X[3:4] if shift == 0 else shift_rows(model, X[3:4], shift)
        spectra = model[:-1].transform(rows)
        logits = net._logits(spectra)[0][0]
        column, lines = display.columns[i], display.lines_[i]
        total = lines["evidence"].get_ydata().sum() + column.bias
        np.testing.assert_allclose(total, logits[code], atol=1e-4)
        assert column.prediction == model.predict(rows)[0]
        np.testing.assert_array_equal(lines["spectrum"].get_ydata(), spectra[0])
        np.testing.assert_array_equal(lines["spectrum"].get_xdata(), model[0].freqs_)
        np.testing.assert_allclose(
            lines["products"].get_ydata(),
            lines["map"].get_ydata() * lines["weights"].get_ydata(),
        )
        for name in ("map", "kernel"):
            np.testing.assert_array_equal(lines[name].get_ydata(), column[name].ravel())
        if pooling is None:
            weights = net.module_.head.weight[code].detach().numpy()
            weights = weights.reshape(64, -1)[display.channel]
            np.testing.assert_array_equal(lines["weights"].get_ydata(), weights)
            # That of a net of one convolution is its kernel.
            kernel = net.module_.conv.weight[display.channel, 0].detach().numpy()
            inside = column.kernel[0]
            assert len(inside) <= 9
            assert np.isin(inside, kernel.astype(np.float64)).all()
        else:
            assert (column.map >= 0).all()
    titles = [ax.get_title(loc="left") for ax in display.axes_[:, 0]]
    assert [title[:1] for title in titles] == list("123456")
    assert f"net says {display.target}" in titles[-1]
    assert display.axes_[-1, 0].get_xlabel() == "frequency (Hz)"
    names = [ax.get_title().strip() for ax in display.axes_[0]]
    assert names == ["not shifted", "shifted by 10 bins"]


def test_feature_map_of_an_exact_net_moves_with_the_spectrum(models, spectra):
    X = np.asarray(spectra[2]["centered"][0])  # without frequencies: in bins
    display = FeatureMapDisplay.from_estimator(models["exact"], X, shifts=[0, 64])
    here, there = display.columns
    moved = np.argsort((here.places + 64) % 256)
    for name in ("map", "weights", "products", "evidence"):
        np.testing.assert_array_equal(here[name][moved], there[name])
    np.testing.assert_array_equal(here.kernel, there.kernel)
    middle = [np.mean(column.kernel_freqs) for column in (here, there)]
    assert (middle[1] - middle[0]) % 256 == 64
    # The kernel lies over the maximum of the map, within the field.
    top = here.places[here.map.argmax()]
    distance = (middle[0] - top + 128) % 256 - 128
    assert abs(distance) <= describe(models["exact"]).receptive_field / 2


def test_feature_map_kernel_predicts_the_change_of_the_map(models, spectra):
    X = np.asarray(spectra[2]["centered"][0][:1])  # without frequencies: in bins
    model = models["flatten"]
    display = FeatureMapDisplay.from_estimator(model, X, shifts=[0])
    view = display.columns[0]
    rng = np.random.default_rng(0)
    changed = X.copy()
    bins = view.kernel_freqs.astype(int)
    change = 1e-4 * rng.standard_normal(len(bins))
    changed[0, bins] += change
    after = FeatureMapDisplay.from_estimator(
        model, changed, shifts=[0], channel=display.channel
    ).columns[0]
    np.testing.assert_allclose(
        after.map.max() - view.map.max(),
        view.kernel[0] @ change / model.scale_,
        rtol=0.02,
    )


def test_feature_map_display_in_given_axes_for_a_chosen_channel_and_class(
    tones, tone_pipe
):
    _, axes = plt.subplots(6, 1)
    display = FeatureMapDisplay.from_estimator(
        tone_pipe,
        tones[0],
        shifts=0,
        channel=1,
        target="low",
        names=["as trained"],
        axes=axes,
    )
    assert list(display.axes_[:, 0]) == list(axes) and display.channel == 1
    assert display.target == "low"
    assert axes[0].get_title().strip() == "as trained"


@pytest.mark.parametrize(
    "kwargs, message",
    [
        (dict(sample=99), "sample must be the index of one of the 40 rows"),
        (dict(channel=1000), "channel must be the index of one of 64 channels"),
        (dict(target="loud"), "target: "),
        (dict(target=object), "target: "),
        (dict(target=["low"]), "target must be one label"),
        (dict(channel=True), "channel must be the index of one of 64 channels"),
        (dict(shifts=[]), "shifts must have at least one entry"),
        (dict(names=["one"]), "names must hold a title for each of the 2 shifts"),
        (dict(shifts=[0, 7.5]), "shift must be an int"),
    ],
)
def test_feature_map_display_names_what_does_not_fit(tones, tone_pipe, kwargs, message):
    with pytest.raises(ValueError, match=message):
        FeatureMapDisplay.from_estimator(tone_pipe, tones[0], **kwargs)


def test_activation_map_display_refuses_data_without_rows(tones, tone_pipe):
    with pytest.raises(ValueError, match="X must have at least one entry"):
        ActivationMapDisplay.from_estimator(tone_pipe, tones[0][:0])


def test_a_drawn_frequency_axis_is_pickled(tones, tone_pipe):
    display = ActivationMapDisplay.from_estimator(tone_pipe, tones[0], samples=[0])
    loaded = pickle.loads(pickle.dumps(display))
    ticks = [
        shown.axes_[1, 0].xaxis.get_major_formatter() for shown in (display, loaded)
    ]
    for value in (0.5, 250.0, -4e5):
        assert ticks[0](value) == ticks[1](value)


def test_feature_map_display_refuses_a_net_of_spectrograms(pictures):
    X, _, net = pictures
    with pytest.raises(ValueError, match="draw its evidence with ActivationMapDisplay"):
        FeatureMapDisplay.from_estimator(net, X, shifts=[0])


# Several labels for each sample


@pytest.fixture(scope="module")
def several():
    """Spectra with a narrow bump, a wide one, both or none, and two nets for them."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(60, 2))
    X = 0.1 * rng.random((60, 64))
    X[:, 8:11] += y[:, :1]
    X[:, 36:52] += y[:, 1:]
    nets = GlobalPoolCNNClassifier, FlattenCNNClassifier
    return X, y, [net(max_epochs=25, random_state=0).fit(X, y) for net in nets]


def test_evidence_for_each_of_several_labels_of_a_sample(several):
    X, y, (net, _) = several
    sample = int(np.flatnonzero((net.predict(X) == 1).all(axis=1))[0])
    display = ActivationMapDisplay.from_estimator(
        net, X, samples=[sample, sample], target=[0, 1], mark_band=True
    )
    for i in range(2):
        expected = activation_map(net, X[[sample]], target=i).maps[0]
        evidence = display.evidence_[i].get_ydata()
        np.testing.assert_allclose(evidence, expected, atol=1e-4)
        title = display.axes_[0, i].get_title()
        assert title == f"net says 0, 1,\nevidence for {i}"
    expected = locate(net, X[[sample]])
    np.testing.assert_array_equal(display.places.low, expected.low[0])
    np.testing.assert_array_equal(display.places.high, expected.high[0])
    nothing = int(np.flatnonzero((net.predict(X) == 0).all(axis=1))[0])
    display = ActivationMapDisplay.from_estimator(net, X, samples=[nothing])
    assert display.axes_[0, 0].get_title().startswith("net says nothing,\nevidence")


def test_feature_maps_and_shift_curves_of_several_labels(several):
    X, y, nets = several
    sample = int(np.flatnonzero((y == 1).all(axis=1))[0])
    for net in nets:
        display = FeatureMapDisplay.from_estimator(
            net, X, sample=sample, shifts=[0, 20], target=1
        )
        column, line = display.columns[0], display.lines_[0]["evidence"]
        np.testing.assert_allclose(
            line.get_ydata().sum() + column.bias,
            net._logits(X[[sample]])[0][0, 1],
            atol=1e-4,
        )
        np.testing.assert_array_equal(column.prediction, net.predict(X[[sample]])[0])
    curve = ShiftCurveDisplay.from_estimator(net, X, y, shifts=[0], phases=1)
    assert curve.lines_[0].get_ydata()[0] == net.score(X, y)
    share = np.unique(y, axis=0, return_counts=True)[1].max() / len(y)
    assert curve.chance_line_.get_ydata()[0] == share


# The palette


def test_line_styles_differ_in_both_color_and_dashes():
    styles = line_styles(42)
    assert len({(s["color"], str(s["linestyle"])) for s in styles}) == 42
    for first, second in pairwise(styles):
        assert first["color"] != second["color"]
        assert first["linestyle"] != second["linestyle"]
    with pytest.raises(ValueError, match="n_lines must be an int of at least 1"):
        line_styles(0)

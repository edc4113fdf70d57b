import numpy as np
import pytest
from scipy import signal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from sk_psd import (
    ConvFilter,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    filter_response,
    make_baselines,
    shift_curve,
    shift_invariance,
)
from sk_psd.datasets import make_spectral_shapes
from sk_psd.inspection import shift_rows


def test_exactly_invariant_predictions_do_not_change_for_any_shift(models, spectra):
    report = shift_invariance(models["exact"], spectra[0][:10])
    assert report.max_change == 0.0 and report.flipped == 0.0


def test_approximately_invariant_predictions_do_and_labels_flip(models, spectra):
    report = shift_invariance(models["approximate"], spectra[0][:40])
    assert report.max_change > 0.1 > report.median_change
    assert 0.001 < report.flipped < 0.5


def test_the_worst_sample_and_shift_are_where_the_change_is_largest(models, spectra):
    X, model = spectra[0][:10], models["flatten"]
    report = shift_invariance(model, X, shifts=range(1, 256, 5))
    row = X[report.worst_sample]
    pair = np.stack([row, np.roll(row, report.worst_shift)])
    change = np.abs(np.diff(model.predict_proba(pair), axis=0)).max()
    assert change == pytest.approx(report.max_change)
    assert report.flipped > 0.3


def test_a_pipeline_is_exact_for_signals_retuned_by_whole_bins(pipe, signals):
    X = signals.X_train[:6].astype(complex)
    report = shift_invariance(pipe, X, shifts=range(1, 256, 7))
    assert report.max_change <= 1e-6 and report.flipped == 0.0


def test_retuned_signals_have_rolled_spectra(pipe, signals):
    X = signals.X_train[:6].astype(complex)
    moved = shift_rows(pipe, X, 30)
    expected = np.roll(pipe[:2].transform(X), 30, axis=1)
    np.testing.assert_allclose(pipe[:2].transform(moved), expected, atol=1e-9)
    np.testing.assert_array_equal(shift_rows(pipe, X, 30 / 256), moved)


def test_curve_scores_the_shifted_data(models, spectra):
    X, y = spectra[2]["centred"]
    curve = shift_curve(models["flatten"], X, y, shifts=[-64, 0, 0.25], n_jobs=2)
    expected = [models["flatten"].score(np.roll(X, s, axis=1), y) for s in (-64, 0, 64)]
    np.testing.assert_array_equal(curve.scores, expected)
    np.testing.assert_array_equal(curve.shifts, [-64, 0, 64])
    np.testing.assert_array_equal(curve.fractions, [-0.25, 0, 0.25])
    assert curve.scores[1] > 0.9 > 0.6 > curve.scores[0]


def test_curve_of_the_invariant_net_is_flat_on_spectra_and_on_signals(
    models, pipe, spectra, signals
):
    on_spectra = shift_curve(models["exact"], *spectra[2]["centred"])
    on_signals = shift_curve(pipe, *signals.test["centred"])
    assert len(on_spectra.scores) == 41
    np.testing.assert_array_equal(on_spectra.scores, on_spectra.scores[0])
    np.testing.assert_allclose(on_signals.scores, on_spectra.scores, atol=0.02)
    assert on_spectra.scores.min() > 0.9


def test_scoring_is_that_of_scikit_learn(models, spectra):
    X, y = spectra[2]["centred"]
    curve = shift_curve(models["exact"], X, y, shifts=[0], scoring="neg_log_loss")
    assert curve.scores[0] < 0


@pytest.mark.parametrize("mode", ["edge", "floor"])
def test_spectra_may_leave_the_axis(mode, models, spectra):
    X = spectra[0][:5]
    moved = shift_rows(models["exact"], X, 50, mode=mode)
    np.testing.assert_array_equal(moved[:, 50:], X[:, :-50])
    assert moved[:, :50].max() < 0.9 and moved.dtype == X.dtype


def test_real_signals_are_mixed_by_the_analytic_signal():
    X, y = make_spectral_shapes(
        40,
        shapes=("am", "twohump"),
        center_freq=0.25,
        real=True,
        n_times=2048,
        random_state=0,
    )
    net = GlobalPoolCNNClassifier(padding_mode="zeros", max_epochs=20, random_state=0)
    pipe = make_pipeline(WelchPSD(nperseg=128, decibels=True), MinMaxScale(), net)
    curve = shift_curve(pipe.fit(X, y), X, y, shifts=[-12, 0, 0.2])
    assert curve.shifts.tolist() == [-12, 0, 13]
    psd = pipe[0].transform(shift_rows(pipe, X, -12))
    assert np.abs(pipe[0].freqs_[psd.mean(axis=0).argmax()] - 0.25 + 12 / 128) < 0.05


def test_signals_are_recognized_in_nested_pipelines_and_searches():
    X, y = make_spectral_shapes(
        60, real=True, n_times=512, center_freq=0.25, snr_db=10.0, random_state=0
    )
    logreg = make_baselines(WelchPSD(nperseg=64, decibels=True))["logreg_psd"]
    curves = [
        shift_curve(model.fit(X, y), X, y, shifts=[-10, 0, 10])
        for model in (
            logreg,
            make_pipeline(
                make_pipeline(*[s for _, s in logreg.steps[:-1]]), logreg[-1]
            ),
            GridSearchCV(logreg, {"logisticregression__C": [0.01]}, cv=2),
            CalibratedClassifierCV(logreg, cv=2),
        )
    ]
    for curve in curves:
        np.testing.assert_allclose(curve.fractions, [-10 / 32, 0, 10 / 32])
        assert curve.scores[1] > 0.8 > 0.6 > max(curve.scores[[0, 2]])


def test_the_domain_must_be_given_where_auto_cannot_find_it():
    X, y = np.random.default_rng(0).random((20, 64)), np.repeat([0, 1], 10)
    model = make_baselines()["logreg_fft"].fit(X, y)
    with pytest.raises(ValueError, match="Pass domain='signal' or domain='spectrum'"):
        shift_curve(model, X, y)
    as_spectra = shift_invariance(model, X, domain="spectrum")
    assert as_spectra.max_change < 1e-9
    assert shift_invariance(model, X, domain="signal").max_change > 1e-2


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_stay_data_frames(library, models, spectra):
    frame = pytest.importorskip(library).DataFrame
    X = frame(spectra[0][:20].astype(float))
    X.columns = [f"f{i}" for i in range(256)]
    y = spectra[1][:20]
    model = clone(models["exact"]).set_params(max_epochs=1).fit(X, y)
    assert shift_curve(model, X, y, shifts=[0, 3]).scores[0] == model.score(X, y)
    assert shift_invariance(model, X, shifts=5).max_change == 0.0


def test_a_model_without_probabilities_is_refused(spectra):
    model = LinearSVC().fit(spectra[0], spectra[1])
    with pytest.raises(ValueError, match="LinearSVC has no predict_proba"):
        shift_invariance(model, spectra[0])


@pytest.mark.parametrize(
    "kwargs, match",
    [
        (dict(shift="3"), "shift must be an int .bins. .* Got '3' instead"),
        (dict(mode="roll"), "mode must be 'wrap', 'edge' or 'floor'. Got 'roll'"),
        (dict(shift=12.0), r"an int \(bins\) or a float between -1 and 1 .* Got 12.0"),
        (dict(domain="time"), "domain must be 'auto', .* Got 'time' instead"),
        (dict(domain="signal", mode="edge"), "must be 'wrap' for raw signals. Got 'ed"),
    ],
)
def test_impossible_shifts_are_refused(kwargs, match, models, spectra):
    with pytest.raises(ValueError, match=match):
        shift_rows(models["exact"], spectra[0], **(dict(shift=3) | kwargs))


@pytest.mark.parametrize("kernel", [[1.0, 2.0, -1.0], [1, 1, 1, 1], [1, 2j, 0.5]])
def test_filter_response_is_that_of_scipy(kernel):
    response = filter_response(kernel, fs=50.0, n_freqs=64)
    freqs, expected = signal.freqz(kernel, worN=response.frequencies, fs=50.0)
    floor = 20 * np.log10(np.abs(expected).max()) - 120
    with np.errstate(divide="ignore"):
        gain = np.maximum(20 * np.log10(np.abs(expected)), floor)
    heard = np.abs(expected) > 1e-6  # the phase of nothing is anything
    np.testing.assert_allclose(response.gain[heard], gain[heard], atol=1e-8)
    assert (response.gain >= floor - 1e-8).all()
    turn = np.exp(1j * (response.phase - np.angle(expected)))
    np.testing.assert_allclose(turn[heard], 1, atol=1e-8)
    two_sided = np.iscomplexobj(np.asarray(kernel))
    assert freqs[0] == (-25.0 if two_sided else 0.0)
    assert freqs[-1] == pytest.approx(25.0 - 50 / 64 if two_sided else 25.0)


@pytest.mark.parametrize("dilation", [1, 3])
def test_a_tone_leaves_the_filter_with_the_gain_and_the_phase_of_its_frequency(
    dilation,
):
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal(7) + 1j * rng.standard_normal(7)
    fs, t = 100.0, np.arange(400) / 100.0
    conv = ConvFilter(kernel, fs=fs, mode="full", dilation=dilation)
    conv.fit(np.zeros((1, 400)))
    response = filter_response(conv, n_freqs=40)
    for i in (3, 17, 33):
        tone = np.exp(2j * np.pi * response.frequencies[i] * t)
        ratio = conv.transform(tone[None])[0, 100:300] / tone[100:300]
        assert 20 * np.log10(np.abs(ratio)) == pytest.approx(response.gain[i])
        np.testing.assert_allclose(np.angle(ratio), response.phase[i], atol=1e-9)


def test_the_sampling_frequency_is_that_of_the_filter_unless_given():
    conv = ConvFilter(fs=80.0).fit(np.zeros((1, 30)))
    assert filter_response(conv).frequencies[-1] == 40.0
    assert filter_response(conv, 20.0).frequencies[-1] == 10.0
    assert filter_response(conv.kernel_).frequencies[-1] == 0.5


@pytest.mark.parametrize(
    "args, error, match",
    [
        ((ConvFilter(),), NotFittedError, "ConvFilter instance is not fitted yet"),
        (
            (MinMaxScale().fit([[1, 2]]),),
            ValueError,
            "MinMaxScale has no kernel_. Pass",
        ),
        (([[1, 2]],), ValueError, r"one-dimensional .* Got \[\[1, 2\]\] instead"),
        (([],), ValueError, r"one-dimensional .* Got \[\] instead"),
        ((["a"],), ValueError, "of finite numbers"),
        (([1, np.inf],), ValueError, "of finite numbers"),
        (([1], 0), ValueError, "fs must be a positive number of Hz. Got 0 instead"),
    ],
)
def test_objects_without_a_frequency_response_are_refused(args, error, match):
    with pytest.raises(error, match=match):
        filter_response(*args)
    with pytest.raises(ValueError, match="n_freqs must be .* Got 1"):
        filter_response([1], n_freqs=1)

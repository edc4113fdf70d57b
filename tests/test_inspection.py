import warnings
from functools import lru_cache

import numpy as np
import pytest
import torch
from scipy import signal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sk_psd import (
    ConvFilter,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
    filter_response,
    make_baselines,
    make_spectrum_classifier,
    shift_curve,
    shift_invariance,
)
from sk_psd.datasets import make_spectral_shapes
from sk_psd.filters import dilate
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


def test_a_pipeline_is_exact_for_signals_shifted_by_whole_bins(pipe, signals):
    X = signals.X_train[:6].astype(complex)
    report = shift_invariance(pipe, X, shifts=range(1, 256, 7))
    assert report.max_change <= 1e-6 and report.flipped == 0.0


def test_signals_shifted_by_whole_bins_have_rolled_spectra(pipe, signals):
    X = signals.X_train[:6].astype(complex)
    moved = shift_rows(pipe, X, 30)
    expected = np.roll(pipe[:2].transform(X), 30, axis=1)
    np.testing.assert_allclose(pipe[:2].transform(moved), expected, atol=1e-9)
    np.testing.assert_array_equal(shift_rows(pipe, X, 30 / 256), moved)


def test_curve_scores_the_shifted_data(models, spectra):
    X, y = spectra[2]["centered"]
    curve = shift_curve(models["flatten"], X, y, shifts=[-64, 0, 0.25], n_jobs=2)
    expected = [models["flatten"].score(np.roll(X, s, axis=1), y) for s in (-64, 0, 64)]
    np.testing.assert_array_equal(curve.scores, expected)
    np.testing.assert_array_equal(curve.shifts, [-64, 0, 64])
    np.testing.assert_array_equal(curve.fractions, [-0.25, 0, 0.25])
    assert curve.scores[1] > 0.9 > 0.6 > curve.scores[0]


def test_curve_of_the_invariant_net_is_flat_on_spectra_and_on_signals(
    models, pipe, spectra, signals
):
    on_spectra = shift_curve(models["exact"], *spectra[2]["centered"])
    on_signals = shift_curve(pipe, *signals.test["centered"])
    assert len(on_spectra.scores) == 41
    np.testing.assert_array_equal(on_spectra.scores, on_spectra.scores[0])
    np.testing.assert_allclose(on_signals.scores, on_spectra.scores, atol=0.02)
    assert on_spectra.scores.min() > 0.9


def test_scoring_is_that_of_scikit_learn(models, spectra):
    X, y = spectra[2]["centered"]
    curve = shift_curve(models["exact"], X, y, shifts=[0], scoring="neg_log_loss")
    assert curve.scores[0] < 0


@pytest.mark.parametrize("mode", ["edge", "floor"])
def test_spectra_may_leave_the_axis(mode, models, spectra):
    X = spectra[0][:5]
    moved = shift_rows(models["exact"], X, 50, mode=mode)
    np.testing.assert_array_equal(moved[:, 50:], X[:, :-50])
    assert moved[:, :50].max() < 0.9 and moved.dtype == X.dtype


def test_real_signals_are_shifted_by_one_signal_shift():
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
    psd = WelchPSD(nperseg=64, decibels=True, range_db=None)
    logreg = make_baselines(psd)["logreg_psd"]
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
        np.testing.assert_allclose(curve.fractions, [-10 / 33, 0, 10 / 33])
        assert curve.scores[1] > 0.8 > 0.6 > max(curve.scores[[0, 2]])


SHIFTS = (-0.2, -0.1, -0.05, -0.01, 0.01, 0.05, 0.1, 0.2)
OFFSETS = (0, 1, 10)


def make_at(center, *, n_samples=200, seed=1, real=True):
    """Signals of four shapes at a center frequency, sampled at 1000 Hz."""
    return make_spectral_shapes(
        n_samples,
        n_times=1024,
        fs=1000.0,
        bandwidth=100.0,
        snr_db=(5.0, 20.0),
        center_freq=center,
        real=real,
        random_state=seed,
    )


def lift(X, offset):
    """Add a mean, in standard deviations."""
    return X + offset * X.std(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def made_there():
    """Function that makes the same signals at another place, once."""
    return lru_cache(maxsize=None)(make_at)


def fit_models(psd, X, y, **params):
    net = GlobalPoolCNNClassifier(max_epochs=10, random_state=0, **params)
    models = make_baselines(psd) | {"net": make_pipeline(psd, MinMaxScale(), net)}
    return {name: model.fit(X, y) for name, model in models.items()}


@pytest.fixture(scope="module")
def one_sided():
    """The net and the baselines on real signals around the middle of their axis."""
    psd = WelchPSD(fs=1000.0, nperseg=128, decibels=True)
    train = make_at((240.0, 260.0), n_samples=200, seed=0)
    models = fit_models(psd, *train, padding_mode="zeros")
    robust = make_spectrum_classifier(
        "one-sided", fs=1000.0, nperseg=128, robust=True, random_state=0
    )
    return models | {"robust": robust.set_params(net__max_epochs=60).fit(*train)}


@pytest.fixture(scope="module")
def two_sided():
    """The net and the baselines on complex signals, with the default detrend."""
    psd = WelchPSD(fs=1000.0, nperseg=128, return_onesided=False, decibels=True)
    train = make_at((190.0, 210.0), n_samples=200, seed=0, real=False)
    return fit_models(psd, *train)


@pytest.mark.parametrize("name", ["net", "robust", *make_baselines()])
def test_the_curve_of_real_signals_is_that_of_signals_made_there(
    name, one_sided, made_there
):
    step, n_samples = 1000 / 128, 200
    if name == "logreg_fft":  # of the FFT over all; by chance it is often undecided
        step, n_samples = 1000 / 1024, 250
    X, y = made_there(250.0, n_samples=n_samples)
    for offset in OFFSETS:
        model = one_sided[name]
        if name == "logreg_fft" and offset:  # which sees the mean
            train, labels = make_at((240.0, 260.0), n_samples=200, seed=0)
            model = clone(model).fit(lift(train, offset), labels)
        curve = shift_curve(model, lift(X, offset), y, shifts=SHIFTS, domain="signal")
        there = [
            made_there(250 + shift * step, n_samples=n_samples)
            for shift in curve.shifts
        ]
        expected = [model.score(lift(Z, offset), y) for Z, _ in there]
        np.testing.assert_allclose(curve.scores, expected, atol=0.06)


@pytest.mark.parametrize("name", ["net", *make_baselines()])
def test_the_curve_of_complex_signals_is_that_of_signals_made_there(
    name, two_sided, made_there
):
    step = 1000 / (1024 if name == "logreg_fft" else 128)
    X, y = made_there(200.0, real=False)
    model = two_sided[name]
    for offset in OFFSETS if name == "net" else OFFSETS[::2]:
        if name == "logreg_fft" and offset:  # which sees the mean
            train = make_at((190.0, 210.0), n_samples=200, seed=0, real=False)
            model = clone(model).fit(lift(train[0], offset), train[1])
        curve = shift_curve(model, lift(X, offset), y, shifts=SHIFTS, domain="signal")
        there = [made_there(200 + shift * step, real=False) for shift in curve.shifts]
        expected = [model.score(lift(Z, offset), y) for Z, _ in there]
        np.testing.assert_allclose(curve.scores, expected, atol=0.06)


def test_a_curve_without_fill_or_with_a_mean_that_moves_is_wrong(one_sided):
    X, y = make_at(250.0)
    # With a learned range the net hardly minds the empty strip.
    psd = WelchPSD(fs=1000.0, nperseg=128, decibels=True, range_db=None)
    train = make_at((240.0, 260.0), n_samples=200, seed=0)
    whole = fit_models(psd, *train, padding_mode="zeros")["net"]
    wrong = shift_curve(whole, X, y, shifts=SHIFTS, fill=None).scores
    assert wrong.min() < 0.6
    X = lift(X, 10)
    wrong = shift_curve(one_sided["net"], X, y, shifts=SHIFTS, offset="move").scores
    assert wrong.min() < 0.6
    right = shift_curve(one_sided["net"], X, y, shifts=SHIFTS, offset="stay").scores
    assert right.min() > 0.9


@pytest.mark.parametrize("offset", [0, 1, 10])
def test_a_pipeline_without_detrending_is_exact_with_an_offset_that_moves(
    offset, pipe, signals
):
    X = lift(signals.X_train[:6].astype(complex), offset)
    report = shift_invariance(pipe, X, shifts=range(1, 256, 31))
    assert report.max_change < 1e-6
    stays = shift_rows(pipe, X, 30, offset="stay")
    moved = shift_rows(pipe, X, 30, offset="remove")
    line = stays - moved
    np.testing.assert_allclose(line.mean(axis=1), X.mean(axis=1))
    np.testing.assert_array_equal(shift_rows(pipe, X, 0, offset="stay"), X)


@pytest.mark.parametrize("drift", [10, 100])
def test_a_drift_is_taken_off_before_the_shift_or_named_once(drift):
    t = np.arange(2048) / 256
    X = np.sin(2 * np.pi * 20 * t) + drift * np.linspace(-1, 1, 2048) + 5
    X = np.stack([X, X])
    psd = WelchPSD(fs=256.0, nperseg=256).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = shift_rows(psd, X, 10)
    assert psd.freqs_[psd.transform(moved).argmax(axis=1)].tolist() == [30, 30]
    psd = clone(psd).set_params(detrend=False)
    pipe = make_pipeline(psd, StandardScaler(), LogisticRegression()).fit(X, [0, 1])
    with pytest.warns(UserWarning, match="drifts.*Pass offset='remove'") as seen:
        shift_curve(pipe, X, [0, 1], shifts=[-10, 5, 10])
    assert len(seen) == 1


def test_a_fraction_is_of_the_axis_that_the_psd_hands_on():
    X, y = make_at(250.0, n_samples=40)
    for kwargs in [dict(), dict(fmin=100, fmax=300), dict(return_onesided=False)]:
        psd = WelchPSD(fs=1000.0, nperseg=512, decibels=True, **kwargs)
        model = make_pipeline(psd, MinMaxScale(), GaussianNB()).fit(X, y)
        spectra, shifts = model[:-1].transform(X), [-0.3, -0.1, 0.0, 0.1, 0.3]
        from_signals = shift_curve(model, X, y, shifts=shifts)
        from_spectra = shift_curve(model[-1], spectra, y, shifts=shifts)
        np.testing.assert_array_equal(from_signals.shifts, from_spectra.shifts)
        np.testing.assert_array_equal(from_signals.fractions, from_spectra.fractions)
        assert from_signals.shifts[3] == round(0.1 * spectra.shape[1])


def test_static_parts_are_added_after_the_shift(pipe, signals):
    X = signals.X_train[:4].astype(complex)
    hum = np.exp(2j * np.pi * 0.3 * np.arange(X.shape[1]))
    for static in (hum, hum * np.arange(4)[:, None]):
        for shift in (0, 30):
            moved = shift_rows(pipe, X, shift, static=static)
            plain = shift_rows(pipe, X, shift)
            np.testing.assert_allclose(moved - plain, np.broadcast_to(static, X.shape))
    y = signals.y_train[:4]
    curve = shift_curve(pipe, X, y, shifts=[0, 30], static=hum)
    assert curve.scores[0] == pipe.score(X + hum, y)
    # What does not move breaks the invariance, which is then seen.
    assert shift_invariance(pipe, X, shifts=[50]).max_change < 1e-6
    assert shift_invariance(pipe, X, shifts=[50], static=20 * hum).max_change > 1e-6


@pytest.fixture(scope="module")
def beside_lines(signals):
    """Function that fits and tests a net beside a line that stays, by shift."""
    X, y = make_spectral_shapes(
        200, n_times=1024, center_freq=(-0.02, 0.02), snr_db=(5.0, 20.0), random_state=1
    )

    def curve(level=None, freq=0.0, notch=None, shifts=(-60, -10, 0, 40)):
        def line(X):
            turns = np.exp(2j * np.pi * freq * np.arange(X.shape[1]))
            power = np.mean(np.abs(X) ** 2, axis=1, keepdims=True)
            return np.sqrt(power) * (10 ** (level / 20) if level else 0) * turns

        psd = WelchPSD(
            nperseg=256,
            return_onesided=False,
            detrend=False,
            decibels=True,
            range_db=None,  # which would hide the line's flanks
            notch=notch,
        )
        net = GlobalPoolCNNClassifier(max_epochs=12, random_state=0)
        train = signals.X_train + line(signals.X_train)
        model = make_pipeline(psd, MinMaxScale(), net).fit(train, signals.y_train)
        return shift_curve(model, X, y, shifts=shifts, static=line(X)).scores

    return curve


def test_beside_a_line_that_stays_a_net_without_a_notch_is_lost(beside_lines):
    assert beside_lines(level=10, shifts=[-60, 60]).max() < 0.8


def test_a_notch_keeps_the_accuracy_beside_a_line_that_stays(beside_lines):
    without = beside_lines()
    assert without.min() > 0.93
    for level, freq in [(10, 0.0), (-10, 0.1113)]:
        scores = beside_lines(level, freq, notch=[freq])
        assert (scores >= without - 0.02 - 1e-9).all()


KINDS = {
    "big-endian": lambda X: X.astype(">f4"),
    "big-endian double": lambda X: X.astype(">f8"),
    "longdouble": lambda X: X.astype(np.longdouble),
    "half": lambda X: X.astype(np.float16),
    "unsigned": lambda X: (100 * X).astype(np.uint8),
    "integers": lambda X: (100 * X).astype(">i4"),
    "bool": lambda X: X > 0.5,
    "list": lambda X: X.tolist(),
    "history": lambda X: torch.tensor(X, requires_grad=True),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("domain", ["spectrum", "signal"])
def test_whatever_predict_takes_is_shifted(kind, domain, models, spectra):
    X = spectra[0][:6].astype(float)
    values = kind(X).detach().numpy() if "requires_grad" in repr(kind(X)) else kind(X)
    values = np.asarray(values).astype(float)
    model = models["exact"]
    for shift in (3, -0.25):
        moved = shift_rows(model, kind(X), shift, domain=domain)
        expected = shift_rows(model, values, shift, domain=domain)
        np.testing.assert_allclose(moved, expected, atol=1e-5)
        if domain == "spectrum":
            bins = shift if isinstance(shift, int) else -64
            np.testing.assert_array_equal(expected, np.roll(values, bins, axis=1))
    y = spectra[1][:6]
    shift_curve(model, kind(X), y, shifts=[3], domain=domain)
    shift_invariance(model, kind(X), shifts=[3], domain=domain)


@pytest.mark.parametrize("mode", ["wrap", "edge", "floor"])
@pytest.mark.parametrize("shift", [17, -17, 33, 10**30])
def test_a_shift_beyond_the_axis_is_refused(mode, shift):
    X = np.arange(16.0)[None]
    with pytest.raises(ValueError, match="must not exceed the axis of 16 bins"):
        shift_rows(None, X, shift, mode=mode)
    if mode == "edge":
        assert (shift_rows(None, X, 16, mode=mode) == 0).all()
        assert (shift_rows(None, X, -16, mode=mode) == 15).all()


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


def test_complex_rows_have_no_floor_of_their_own(spectra):
    with pytest.raises(ValueError, match="mode='floor' needs real spectra"):
        shift_rows(None, spectra[0] * 1j, 3, mode="floor", domain="spectrum")


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
        (dict(fill="floor"), "fill must be 'noise' or None. Got 'floor'"),
        (dict(offset="keep"), "offset must be 'auto', .* Got 'keep'"),
        (dict(static=np.ones(256)), "static needs raw signals. Got spectra"),
        (dict(domain="signal", static=np.ones(3)), r"shape \(256,\), .* Got \(3,\)"),
        (dict(domain="signal", static=np.ones(256) * 1j), "static must be real for re"),
        (dict(domain="signal", static=np.full(256, np.nan)), "static must be finite"),
        (dict(domain="signal", random_state="x"), "random_state must be .* Got 'x'"),
    ],
)
def test_impossible_shifts_are_refused(kwargs, match, models, spectra):
    with pytest.raises(ValueError, match=match):
        shift_rows(models["exact"], spectra[0], **(dict(shift=3) | kwargs))


@pytest.mark.parametrize(
    "kwargs, match",
    [
        (dict(shifts="a"), "each of shifts must be an int .* Got 'a'"),
        (dict(shifts=[300]), r"each of shifts \(=300\) must not exceed"),
        (dict(y=[0, 1]), "y must hold one label for each of the .* Got"),
        (dict(scoring=["accuracy"]), r"scoring must be .* Got \['accuracy'\]"),
        (dict(scoring=len), "a callable of .estimator, X, y.. Got <built-in"),
        (dict(n_jobs=np.inf), "n_jobs must be a number of threads.* Got inf"),
        (dict(X=np.ones((2, 0))), r"shape \(2, 0\) instead: X must be of"),
    ],
)
def test_impossible_curves_are_refused(kwargs, match, models, spectra):
    good = dict(X=spectra[0], y=spectra[1])
    with pytest.raises(ValueError, match=match):
        shift_curve(models["exact"], **good | kwargs)


@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_a_model_that_is_not_fitted_is_named(scoring, models, spectra):
    model, X, y = clone(models["exact"]), spectra[0], spectra[1]
    with pytest.raises(NotFittedError, match="GlobalPoolCNNClassifier .* not fitted"):
        shift_curve(model, X, y, scoring=scoring)
    with pytest.raises(NotFittedError, match="GlobalPoolCNNClassifier .* not fitted"):
        shift_rows(model, X, 1)


@pytest.mark.parametrize("kernel", [[1.0, 2.0, -1.0], [1, 1, 1, 1], [1, 2j, 0.5]])
def test_filter_response_is_that_of_scipy(kernel):
    response = filter_response(kernel, fs=50.0, n_freqs=64)
    freqs, expected = signal.freqz(kernel, worN=response.freqs, fs=50.0)
    floor = 20 * np.log10(np.abs(expected).max()) - 120
    with np.errstate(divide="ignore"):
        gain = np.maximum(20 * np.log10(np.abs(expected)), floor)
    is_audible = np.abs(expected) > 1e-6  # the phase of a zero is arbitrary
    np.testing.assert_allclose(response.gain[is_audible], gain[is_audible], atol=1e-8)
    assert (response.gain >= floor - 1e-8).all()
    turn = np.exp(1j * (response.phase - np.angle(expected)))
    np.testing.assert_allclose(turn[is_audible], 1, atol=1e-8)
    two_sided = np.iscomplexobj(np.asarray(kernel))
    assert freqs[0] == (-25.0 if two_sided else 0.0)
    assert freqs[-1] == pytest.approx(25.0 - 50 / 64 if two_sided else 25.0)


@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_a_kernel_of_any_size_has_a_finite_gain(size):
    kernel = np.array([0.25, 0.5, 0.25])
    gain = filter_response(kernel * size).gain - 20 * np.log10(size)
    np.testing.assert_allclose(gain, filter_response(kernel).gain, atol=1e-8)


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
    np.testing.assert_array_equal(response.kernel, dilate(kernel, dilation))
    for i in (3, 17, 33):
        tone = np.exp(2j * np.pi * response.freqs[i] * t)
        ratio = conv.transform(tone[None])[0, 100:300] / tone[100:300]
        assert 20 * np.log10(np.abs(ratio)) == pytest.approx(response.gain[i])
        np.testing.assert_allclose(np.angle(ratio), response.phase[i], atol=1e-9)


def test_the_sampling_frequency_is_that_of_the_filter_unless_given():
    conv = ConvFilter(fs=80.0).fit(np.zeros((1, 30)))
    assert filter_response(conv).freqs[-1] == 40.0
    assert filter_response(conv, 20.0).freqs[-1] == 10.0
    assert filter_response(conv.kernel_).freqs[-1] == 0.5


@pytest.mark.parametrize(
    "args, error, match",
    [
        ((ConvFilter(),), NotFittedError, "ConvFilter instance is not fitted yet"),
        (
            (MinMaxScale().fit([[1, 2]]),),
            ValueError,
            "filter has no kernel_: it is a MinMaxScale. Pass",
        ),
        (([[1, 2]],), ValueError, r"one-dimensional .* Got \[\[1, 2\]\] instead"),
        (([],), ValueError, r"one-dimensional .* Got \[\] instead"),
        ((["a"],), ValueError, "of finite numbers"),
        (([1, np.inf],), ValueError, "of finite numbers"),
        (([1], 0), ValueError, "fs must be positive and finite. Got 0; give"),
    ],
)
def test_objects_without_a_frequency_response_are_refused(args, error, match):
    with pytest.raises(error, match=match):
        filter_response(*args)
    with pytest.raises(ValueError, match="n_freqs must be .* Got 1"):
        filter_response([1], n_freqs=1)

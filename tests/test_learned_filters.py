import pickle
import warnings

import joblib
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EpochScoring

from sk_psd import ConvFilter, LearnedConvFilter, MinMaxScale, filter_response
from sk_psd.datasets import make_noisy_sines, make_two_tones

QUICK = LearnedConvFilter(max_epochs=5, random_state=0)
PAD_MODES = {
    "zeros": "constant",
    "circular": "wrap",
    "reflect": "reflect",
    "replicate": "edge",
}


@pytest.fixture(scope="module")
def pairs():
    return make_noisy_sines(100, random_state=0)


def windows(X, size, pad_mode="constant"):
    padded = np.pad(X, ((0, 0), (size // 2, (size - 1) // 2)), pad_mode)
    return sliding_window_view(padded, size, axis=1)


def least_squares(X, Y, size, pad_mode="constant"):
    """The kernel of the least mean squared error on the training pairs."""
    rows = windows(X, size, pad_mode).reshape(-1, size)
    return np.linalg.lstsq(rows, Y.ravel(), rcond=None)[0][::-1]


def error_of(kernel, X, Y):
    predicted = windows(X, len(kernel)) @ kernel[::-1]
    return np.mean((predicted - Y) ** 2)


@pytest.mark.parametrize("make", [make_noisy_sines, make_two_tones])
def test_the_test_error_is_that_of_the_best_linear_filter(make):
    X, Y = make(1000, random_state=0)
    X_test, Y_test = make(1000, random_state=1)
    model = LearnedConvFilter(random_state=0).fit(X, Y)
    best = error_of(least_squares(X, Y, 21), X_test, Y_test)
    error = np.mean((model.predict(X_test) - Y_test) ** 2)
    assert error < 1.01 * best
    assert error < 0.3 * np.mean(Y_test**2)


def test_the_separating_kernel_passes_the_high_tone_and_stops_the_low_one():
    model = LearnedConvFilter(random_state=0).fit(*make_two_tones(1000, random_state=0))
    response = filter_response(model, fs=256.0, n_freqs=2049)
    freqs, power = response.freqs, 10 ** (response.gain / 10)
    low = power[(freqs >= 2) & (freqs <= 6)].mean()
    high = power[(freqs >= 12) & (freqs <= 20)].mean()
    assert 10 * np.log10(high / low) > 15


@pytest.mark.parametrize("padding_mode", PAD_MODES)
@pytest.mark.parametrize("kernel_size", [4, 9])
def test_training_reaches_the_least_squares_kernel(padding_mode, kernel_size, pairs):
    model = LearnedConvFilter(
        kernel_size, padding_mode=padding_mode, max_epochs=200, lr=0.03, random_state=0
    ).fit(*pairs)
    expected = least_squares(*pairs, kernel_size, PAD_MODES[padding_mode])
    np.testing.assert_allclose(model.kernel_, expected, atol=0.02)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kernel_size", [1, 4, 21, 64])
def test_prediction_is_a_fixed_filter_with_the_kernel(kernel_size, bias, pairs):
    X, Y = pairs
    model = clone(QUICK).set_params(kernel_size=kernel_size, bias=bias).fit(X, Y + 1)
    expected = ConvFilter(model.kernel_).fit_transform(X) + model.bias_
    np.testing.assert_allclose(model.predict(X), expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(model.transform(X), model.predict(X))
    assert (model.bias_ != 0) == bias


def test_the_net_in_training_computes_what_prediction_does(pairs):
    X, Y = pairs
    outputs = []

    class Recorder(Callback):
        def on_train_end(self, net, **kwargs):
            x = torch.from_numpy(np.pad(X, ((0, 0), (2, 1))).astype(np.float32))
            outputs.append(net.module_.cpu()(x.unsqueeze(1)).detach().numpy())

    model = clone(QUICK).set_params(kernel_size=4, callbacks=[Recorder()]).fit(X, Y)
    unit = np.sqrt(np.mean(Y**2) / np.mean(X**2))
    np.testing.assert_allclose(outputs[0] * unit, model.predict(X), atol=1e-5)


def test_a_bias_learns_an_offset(pairs):
    X, Y = pairs
    model = LearnedConvFilter(bias=True, random_state=0).fit(X, Y + 3)
    assert model.bias_ == pytest.approx(3, abs=0.05)
    assert model.predict(X).mean() == pytest.approx((Y + 3).mean(), abs=0.02)


def test_shorter_clean_rows_are_the_middle(pairs):
    X, Y = pairs
    valid = clone(QUICK).set_params(kernel_size=8).fit(X, Y[:, 4:253])
    assert valid.predict(X).shape == (100, 249) and valid.transform(X).shape == X.shape
    expected = ConvFilter(valid.kernel_, mode="valid").fit_transform(X)
    np.testing.assert_allclose(valid.predict(X), expected, atol=1e-12)
    middle = LearnedConvFilter(max_epochs=300, random_state=0).fit(X, Y[:, 128])
    column = clone(middle).fit(X, Y[:, [128]])
    assert middle.predict(X).shape == (100,) and column.predict(X).shape == (100, 1)
    np.testing.assert_array_equal(middle.kernel_, column.kernel_)
    rows = windows(X, 21)[:, 128]
    best = np.linalg.lstsq(rows, Y[:, 128], rcond=None)[0]
    error = np.mean((middle.predict(X) - Y[:, 128]) ** 2)
    assert error < 1.1 * np.mean((rows @ best - Y[:, 128]) ** 2)


def test_taps_that_never_meet_a_sample_stay_zero():
    X = np.random.default_rng(0).standard_normal((50, 6))
    model = LearnedConvFilter(21, random_state=0).fit(X, X[:, ::-1])
    assert np.flatnonzero(model.kernel_).tolist() == list(range(5, 16))
    assert model.predict(X).shape == X.shape


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_units_do_not_matter(factor, pairs):
    X, Y = pairs
    plain = clone(QUICK).fit(X, Y)
    scaled = clone(QUICK).fit(factor * X, 3 * Y)
    kernel, losses = scaled.kernel_ * factor / 3, np.array(scaled.loss_curve_) / 9
    np.testing.assert_allclose(kernel, plain.kernel_, atol=1e-5)
    np.testing.assert_allclose(losses, plain.loss_curve_, rtol=1e-4)


def test_the_loss_is_the_mean_squared_error_of_the_epoch(pairs):
    X, Y = pairs
    model = LearnedConvFilter(batch_size=100, max_epochs=1, random_state=0).fit(X, Y)
    assert model.loss_curve_ == [pytest.approx(np.mean(Y**2))]  # of a kernel of zeros
    longer = LearnedConvFilter(random_state=0).fit(X, Y)
    assert longer.n_iter_ == len(longer.loss_curve_) == len(longer.history_) == 50
    error = np.mean((longer.predict(X) - Y) ** 2)
    assert longer.loss_curve_[-1] == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("lr_schedule", ["one_cycle", "cosine", "constant"])
def test_every_optimizer_learns_on_every_schedule(optimizer, lr_schedule, pairs):
    X, Y = pairs
    model = LearnedConvFilter(
        optimizer=optimizer, lr_schedule=lr_schedule, max_epochs=20, random_state=0
    )
    assert model.fit(X, Y).score(X, Y) > 0.85


def test_one_seed_gives_one_kernel_and_no_global_state_changes(pairs):
    torch.manual_seed(3), np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second = (clone(QUICK).fit(*pairs) for _ in range(2))
    other = clone(QUICK).set_params(random_state=1).fit(*pairs)
    np.testing.assert_array_equal(first.kernel_, second.kernel_)
    assert not np.array_equal(first.kernel_, other.kernel_)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


def test_float32_is_kept_and_inputs_stay(pairs):
    X, Y = (part.astype(np.float32) for part in pairs)
    copies = X.copy(), Y.copy()
    model = clone(QUICK).fit(X, Y)
    assert model.predict(X).dtype == np.float32
    assert model.predict(X.astype(float)).dtype == np.float64
    np.testing.assert_array_equal(X, copies[0])
    np.testing.assert_array_equal(Y, copies[1])


def test_a_row_does_not_depend_on_the_others(pairs):
    X, Y = pairs
    model = clone(QUICK).fit(X, Y)
    single = np.concatenate([model.predict(row[None]) for row in X[:5]])
    np.testing.assert_array_equal(model.predict(X)[:5], single)


def test_state_is_parameters_and_numbers(pairs, tmp_path):
    model = clone(QUICK).set_params(bias=True).fit(*pairs)
    state = pickle.dumps(model)
    assert b"torch" not in state and b"skorch" not in state
    joblib.dump(model, tmp_path / "model.joblib")
    for loaded in (pickle.loads(state), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(loaded.predict(pairs[0]), model.predict(pairs[0]))


def test_the_filter_is_a_regressor_and_a_step_of_a_pipeline(pairs):
    X, Y = pairs
    assert is_regressor(LearnedConvFilter())
    search = GridSearchCV(clone(QUICK), {"kernel_size": [1, 21]}, cv=2).fit(X, Y)
    assert search.best_params_ == {"kernel_size": 21}
    pipe = make_pipeline(clone(QUICK), MinMaxScale()).fit(X, Y)
    assert pipe.transform(X).shape == X.shape
    assert list(pipe[0].get_feature_names_out()[:2]) == ["x0", "x1"]


def test_a_failed_refit_leaves_nothing_fitted(pairs):
    X, Y = pairs
    model = clone(QUICK).fit(X, Y)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(lr=1e3).fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def walks(n_samples, random_state):
    """A sine in a random walk, with an offset: the color of recorded signals."""
    rng = np.random.default_rng(random_state)
    size = n_samples, 1
    angle = 2 * np.pi * rng.uniform(5, 20, size) * np.arange(256) / 256
    Y = np.sin(angle + rng.uniform(0, 6, size))
    return 10 + Y + 0.3 * rng.standard_normal((n_samples, 256)).cumsum(axis=1), Y


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kernel_size", [1, 21, 64])
def test_colored_signals_with_an_offset_reach_least_squares(kernel_size, bias):
    X, Y = walks(200, 0)
    X_test, Y_test = walks(200, 1)
    model = LearnedConvFilter(kernel_size, bias=bias, random_state=0).fit(X, Y)

    def windows(X):
        ends = kernel_size // 2, (kernel_size - 1) // 2
        padded = np.pad(X, ((0, 0), ends))
        seen = np.lib.stride_tricks.sliding_window_view(padded, kernel_size, axis=1)
        seen = seen.reshape(-1, kernel_size)
        return np.column_stack([seen, np.ones(len(seen))]) if bias else seen

    taps = np.linalg.lstsq(windows(X), Y.ravel(), rcond=None)[0]
    best = np.mean((windows(X_test) @ taps - Y_test.ravel()) ** 2)
    assert np.mean((model.predict(X_test) - Y_test) ** 2) < 1.01 * best


EXACT = LearnedConvFilter(solver="lstsq")
OUTPUTS = {
    "same": slice(None),
    "valid": slice(10, 246),
    "column": slice(128, 129),
    "value": 128,
}


def design(X, size, pad_mode, bias, outputs):
    """Return the samples that the taps meet, and a constant: a row for each output."""
    seen = windows(X, size, pad_mode)[:, outputs].reshape(-1, size)
    return np.column_stack([seen, np.ones(len(seen))]) if bias else seen


@pytest.mark.parametrize("make", [make_noisy_sines, walks])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", OUTPUTS)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("padding_mode", PAD_MODES)
@pytest.mark.parametrize("kernel_size", [1, 4, 21])
def test_the_exact_kernel_is_that_of_a_design_matrix(
    kernel_size, padding_mode, bias, outputs, weighted, make
):
    X, Y = make(60, random_state=0)
    Y = Y[:, OUTPUTS[outputs]] + 0.5
    model = clone(EXACT).set_params(
        kernel_size=kernel_size, padding_mode=padding_mode, bias=bias
    )
    weights = np.random.default_rng(0).random(60) if weighted else None
    model.fit(X, Y, sample_weight=weights)

    pad_mode = PAD_MODES[padding_mode]
    rows = design(X, kernel_size, pad_mode, bias, OUTPUTS[outputs])
    targets = Y.ravel()
    if weighted:
        roots = np.sqrt(np.repeat(weights, len(rows) // 60))
        rows, targets = rows * roots[:, None], targets * roots
    expected = np.linalg.lstsq(rows, targets, rcond=None)[0]
    kernel, constant = expected[:kernel_size][::-1], expected[kernel_size:].sum()
    np.testing.assert_allclose(model.kernel_, kernel, rtol=0, atol=1e-8)
    assert model.bias_ == pytest.approx(constant, abs=1e-8)


def test_the_exact_kernel_has_the_error_that_the_gradient_approaches(pairs):
    X, Y = pairs
    exact = clone(EXACT).fit(X, Y)
    learned = LearnedConvFilter(max_epochs=200, random_state=0).fit(X, Y)
    assert learned.score(X, Y) < exact.score(X, Y) < learned.score(X, Y) + 1e-3
    assert exact.predict(X).shape == Y.shape
    assert not hasattr(exact, "loss_curve_") and not hasattr(exact, "n_iter_")
    kernel = exact.kernel_
    refitted = exact.set_params(solver="gradient", max_epochs=1).fit(X, Y)
    assert refitted.n_iter_ == 1 and not np.array_equal(refitted.kernel_, kernel)
    assert not hasattr(refitted.set_params(solver="lstsq").fit(X, Y), "history_")
    np.testing.assert_array_equal(refitted.kernel_, kernel)


def test_taps_that_the_data_do_not_determine_have_the_smallest_norm():
    t = np.arange(256) / 256
    X = np.sin(2 * np.pi * np.array([[5.0], [9.0], [20.0]]) * t)
    Y = X * [[1.0], [0.0], [1.0]]
    model = clone(EXACT).fit(X, Y[:, 10:246])
    rows = windows(X, 21)[:, 10:246].reshape(-1, 21)  # of rank 6
    expected = np.linalg.lstsq(rows, Y[:, 10:246].ravel(), rcond=1e-6)[0][::-1]
    np.testing.assert_allclose(model.kernel_, expected, rtol=0, atol=1e-8)
    np.testing.assert_allclose(model.predict(X), Y[:, 10:246], atol=1e-8)
    short = np.random.default_rng(0).standard_normal((50, 6))
    kernel = clone(EXACT).fit(short, short[:, ::-1]).kernel_
    assert np.flatnonzero(kernel).tolist() == list(range(5, 16))
    silent = clone(EXACT).set_params(bias=True).fit(0 * short, 0 * short)
    assert not silent.kernel_.any() and silent.bias_ == 0
    constant = clone(EXACT).fit(np.ones((2, 40)), np.ones((2, 40)))
    assert np.isfinite(constant.kernel_).all()


@pytest.mark.parametrize("scale", [1e-100, 1e-6, 1e100])
def test_the_exact_kernel_does_not_depend_on_the_units(scale, pairs):
    X, Y = pairs
    plain = clone(EXACT).fit(X, Y)
    scaled = clone(EXACT).fit(scale * X, scale * Y)
    np.testing.assert_allclose(scaled.kernel_, plain.kernel_, rtol=1e-9)
    half = clone(EXACT).fit(X.astype(np.float32), Y.astype(np.float32))
    np.testing.assert_allclose(half.kernel_, plain.kernel_, atol=1e-6)
    assert half.predict(X.astype(np.float32)).dtype == np.float32


def test_the_exact_solver_ignores_what_only_the_gradient_uses(pairs):
    ignored = dict(
        lr=1e9, max_epochs=1, batch_size=1, random_state=3, callbacks=[Interrupt(0)]
    )
    model = clone(EXACT).set_params(**ignored).fit(*pairs)
    np.testing.assert_array_equal(model.kernel_, clone(EXACT).fit(*pairs).kernel_)
    other = clone(EXACT).set_params(solver="ridge")
    with pytest.raises(ValueError, match="'solver' .* must be a str among"):
        other.fit(*pairs)


@pytest.mark.parametrize("wrong", ["X", "y"])
def test_channels_are_refused_with_the_way_to_rows(pairs, wrong):
    given = dict(zip("Xy", pairs, strict=True))
    given[wrong] = given[wrong][:, None]
    with pytest.raises(ValueError, match=rf"{wrong} of shape .*dim 3.*{wrong}.reshape"):
        clone(QUICK).fit(**given)


def test_complex_targets_are_refused(pairs):
    X, Y = pairs
    with pytest.raises(ValueError, match="Complex data not supported .* as y"):
        clone(QUICK).fit(X, Y + 1j)


def test_silent_signals_give_a_kernel_of_zeros():
    model = clone(QUICK).fit(np.zeros((4, 30)), np.zeros((4, 30)))
    np.testing.assert_array_equal(model.kernel_, np.zeros(21))


def test_scoring_callbacks_of_skorch_work(pairs):
    scoring = EpochScoring("r2", on_train=True, lower_is_better=False)
    model = clone(QUICK).set_params(callbacks=[scoring]).fit(*pairs)
    scores = [epoch["r2"] for epoch in model.history_]
    assert len(scores) == 5 and scores[-1] > scores[0]


class Interrupt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise KeyboardInterrupt


def test_a_callback_may_stop_the_training_without_a_warning(pairs):
    model = clone(QUICK).set_params(callbacks=[Interrupt(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*pairs)
    assert model.n_iter_ == 2
    assert model.predict(pairs[0]).shape == pairs[0].shape


def test_ctrl_c_keeps_the_kernel_so_far_and_says_so(pairs, monkeypatch):
    from sk_psd._training import RegressorNet

    step, calls = RegressorNet.train_step, []

    def interrupted(self, *args, **kwargs):
        calls.append(1)
        if len(calls) > 10:  # 4 steps make an epoch
            raise KeyboardInterrupt
        return step(self, *args, **kwargs)

    monkeypatch.setattr(RegressorNet, "train_step", interrupted)
    model = clone(QUICK)
    with pytest.warns(UserWarning, match="interrupted in epoch 3 of 5"):
        model.fit(*pairs)
    assert model.n_iter_ == 2 and np.any(model.kernel_)


def test_the_scoring_monitor_of_scikit_learn_sees_the_kernel_of_every_epoch(pairs):
    callback = pytest.importorskip(
        "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
    )
    # At a constant rate a shorter training is the start of a longer one.
    model = clone(QUICK).set_params(lr_schedule="constant")
    shorter = [clone(model).set_params(max_epochs=n).fit(*pairs) for n in range(1, 6)]
    expected = [model.score(*pairs) for model in shorter]
    assert len(set(expected)) == 5

    monitor = callback.ScoringMonitor(scoring="r2")
    model.set_callbacks(monitor).fit(*pairs)
    log = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    np.testing.assert_allclose([row["r2"] for row in log], expected)
    np.testing.assert_array_equal(model.kernel_, shorter[-1].kernel_)


def test_one_progress_bar_with_verbose_and_silence_without(pairs, capfd):
    clone(QUICK).fit(*pairs)
    assert "".join(capfd.readouterr()) == ""
    clone(QUICK).set_params(verbose=1).fit(*pairs)
    assert "5/5" in "".join(capfd.readouterr())


@pytest.mark.gpu
def test_a_filter_learned_on_a_gpu_is_that_of_the_cpu(pairs):
    on_gpu = clone(QUICK).set_params(device="cuda").fit(*pairs)
    on_cpu = clone(QUICK).set_params(device="cpu").fit(*pairs)
    np.testing.assert_allclose(on_gpu.kernel_, on_cpu.kernel_, atol=1e-4)

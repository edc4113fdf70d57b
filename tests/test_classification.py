import pickle
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback, EarlyStopping

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    RandomFreqShift,
    RandomNoise,
    RandomTimeShift,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    shift_invariance,
)
from sk_psd._device import resolve_device
from sk_psd._shift import noise_bins, random_shift
from sk_psd._training import BatchLoader, SpectraDataset
from sk_psd.augmentation import BatchAugmentation

QUICK = GlobalPoolCNNClassifier(max_epochs=8, random_state=0)
QUICK_FLAT = FlattenCNNClassifier(max_epochs=8, random_state=0)
BOTH = pytest.mark.parametrize("model", [QUICK, QUICK_FLAT], ids=["pool", "flat"])


@pytest.fixture(scope="module")
def fitted(spectra):
    X, y, _ = spectra
    return {
        "pool": GlobalPoolCNNClassifier(max_epochs=40, random_state=0).fit(X, y),
        "flat": FlattenCNNClassifier(max_epochs=40, random_state=0).fit(X, y),
    }


def test_global_pool_net_finds_the_shapes_where_the_flatten_net_fails(fitted, spectra):
    test = spectra[2]
    assert fitted["pool"].score(*test["centered"]) > 0.95
    assert fitted["pool"].score(*test["shifted"]) > 0.95
    assert fitted["pool"].score(*test["wrapped"]) > 0.95
    assert fitted["flat"].score(*test["centered"]) > 0.9
    assert fitted["flat"].score(*test["shifted"]) < 0.6


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 300), st.integers(1, 16), st.integers(0, 99))
def test_no_shift_of_any_spectrum_changes_a_probability(n_freqs, levels, seed):
    rng = np.random.default_rng(seed)
    X = rng.integers(levels, size=(4, n_freqs)).astype(np.float32)
    model = GlobalPoolCNNClassifier(
        n_filters=(4, 8),
        kernel_size=min(8, n_freqs),
        stride=(1 + seed % 4, 2),
        max_epochs=1,
        random_state=seed,
    ).fit(X, [0, 1, 0, 1])
    report = shift_invariance(model, X, shifts=range(n_freqs))
    assert report.max_change == 0.0 and report.flipped == 0.0


@pytest.mark.parametrize("n_freqs", [255, 256, 1001, 1024, 8192])
def test_probabilities_are_the_same_for_circular_shifts_of_every_phase(n_freqs):
    rng = np.random.default_rng(0)
    X = rng.random((4, n_freqs)).astype(np.float32)
    X[2:] = np.round(X[2:] * 15) / 15  # quantised to 16 levels: the maximum is tied
    model = clone(QUICK).set_params(max_epochs=2).fit(X, [0, 1] * 2)
    shifts = np.arange(n_freqs)
    if n_freqs > 1024:  # every phase of the strides of the layers, and others at random
        phases = np.prod([stride for _, _, stride in model.layers_])
        assert phases < n_freqs
        shifts = np.r_[:phases, rng.choice(n_freqs, 512, replace=False)]
    for row in X[1:3]:
        proba = model.predict_proba(np.stack([np.roll(row, s) for s in shifts]))
        np.testing.assert_array_equal(proba, np.broadcast_to(proba[0], proba.shape))


def test_without_the_canonical_roll_the_same_measurement_shows_a_change(spectra):
    X, y, _ = spectra
    model = clone(QUICK).set_params(invariance="approximate").fit(X, y)
    every = np.stack([np.roll(X[0], s) for s in range(X.shape[1])])
    assert np.ptp(model.predict_proba(every), axis=0).max() > 1e-3


@BOTH
def test_a_row_does_not_depend_on_its_batch(model, spectra):
    X, y, _ = spectra
    model = clone(model).fit(X, y)
    together = model.predict_proba(X)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(model.predict_proba(X[order]), together[order])
    for i in (0, 63, 64, 159):
        np.testing.assert_array_equal(model.predict_proba(X[i : i + 1])[0], together[i])
    np.testing.assert_array_equal(model.predict_proba(X[:50]), together[:50])


@BOTH
def test_two_fits_with_one_seed_agree_and_other_seeds_differ(model, blobs):
    X, y = blobs
    first, second = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = clone(model).set_params(random_state=1).fit(X, y).predict_proba(X)
    assert not np.array_equal(first, other)


@BOTH
def test_the_global_random_states_stay_as_they_were(model, blobs):
    numpy_before, torch_before = np.random.get_state()[1], torch.get_rng_state()
    clone(model).fit(*blobs)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)


@pytest.mark.parametrize(
    "labels",
    [[3, 7], ["worn", "ok"], [True, False], [0.0, 1.0], np.array(["a", "b"], object)],
    ids=str,
)
def test_labels_of_any_type_come_back(labels, blobs):
    X, narrow = blobs[0], blobs[1] == "narrow"
    y = np.where(narrow, labels[0], labels[1])
    model = GlobalPoolCNNClassifier(max_epochs=30, random_state=0).fit(X, y)
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) == 1.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8"])
def test_spectra_of_any_real_dtype(dtype, blobs):
    X, y = (100 * blobs[0]).astype(dtype), blobs[1]
    model = GlobalPoolCNNClassifier(max_epochs=30, random_state=0).fit(X, y)
    assert model.score(X, y) == 1.0


@pytest.mark.parametrize("factor, offset", [(1e-12, 0), (1e12, 0), (1, -1e3)])
def test_the_unit_of_the_spectra_does_not_matter(factor, offset, blobs):
    X, y = factor * blobs[0] + offset, blobs[1]
    model = GlobalPoolCNNClassifier(max_epochs=30, random_state=0).fit(X, y)
    assert model.score(X, y) == 1.0


@BOTH
def test_state_is_parameters_and_numpy_arrays(model, blobs):
    def modules(value):
        if isinstance(value, dict):
            return set().union(*map(modules, value.values()))
        if isinstance(value, (list, tuple)):
            return set().union(*map(modules, value), set())
        return {type(value).__module__.split(".")[0]}

    state = clone(model).fit(*blobs).__getstate__()
    assert modules(state) <= {"builtins", "numpy"}
    assert b"torch" not in pickle.dumps(state)


@BOTH
def test_a_loaded_model_predicts_the_same_bits_and_has_its_net(model, blobs):
    X, y = blobs
    model = clone(model).fit(X, y)
    model.set_params(n_filters=(4,) if model.n_filters != 64 else 4)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert loaded.net_.module_ is loaded.module_ and not loaded.module_.training


def test_a_model_from_an_absent_device_loads_on_the_cpu_and_says_so(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X, y)
    state = pickle.dumps(model.set_params(device="cuda:99"))
    with pytest.warns(UserWarning, match="'cuda:99' was asked for.*is on the CPU"):
        loaded = pickle.loads(state)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_an_unfitted_model_pickles():
    assert pickle.loads(pickle.dumps(QUICK)).get_params() == QUICK.get_params()


def test_auto_epochs_make_about_1000_steps(blobs):
    X, y = blobs
    model = GlobalPoolCNNClassifier(n_filters=(2,), random_state=0).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == len(model.history_) == 500
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2


@pytest.mark.parametrize(
    "kernel_size, stride, expected",
    [
        ("auto", "auto", [(8, 7, 1), (8, 8, 2)]),
        (16, "auto", [(8, 16, 1), (8, 16, 2)]),
        ((16, 4), (2, 1), [(8, 16, 2), (8, 4, 1)]),
        (32, 4, [(8, 32, 4), (8, 8, 1)]),
    ],
)
def test_kernels_and_strides_of_the_layers(kernel_size, stride, expected, blobs):
    model = GlobalPoolCNNClassifier(
        (8, 8), kernel_size, stride, max_epochs=1, random_state=0
    )
    assert model.fit(*blobs).layers_ == expected


@pytest.mark.parametrize(
    "padding_mode, augmentation, expected",
    [
        ("circular", "auto", [("floor", 16), ("wrap", 16)]),
        ("zeros", "auto", [("floor", 3)]),
        ("circular", None, []),
        ("circular", RandomFreqShift(4, mode="edge"), [("edge", 4)]),
        (
            "zeros",
            [RandomFreqShift(4), RandomFreqShift(0.25)],
            [("wrap", 4), ("wrap", 8)],
        ),
    ],
)
def test_batches_are_shifted_as_the_axis_and_the_objects_say(
    padding_mode, augmentation, expected
):
    model = GlobalPoolCNNClassifier(
        padding_mode=padding_mode, augmentation=augmentation
    )
    x = torch.rand(20, 2, 32, generator=torch.Generator().manual_seed(0))
    batch, oracle = x[5:15], x[5:15]
    generator = torch.Generator().manual_seed(1)
    for augment in model._augmentations(x):
        batch = augment(batch, torch.arange(5, 15), generator)
    generator = torch.Generator().manual_seed(1)
    for mode, max_bins in expected:
        noise = noise_bins(x)[5:15] if mode == "floor" else None
        oracle = random_shift(
            oracle, max_bins, mode=mode, noise=noise, generator=generator
        )
    assert torch.equal(batch, oracle)
    assert torch.equal(batch, x[5:15]) == (not expected)


def test_an_augmentation_of_ones_own_changes_every_batch():
    seen = []

    class Louder(BatchAugmentation):
        def for_batches(self, x, scale=1.0):
            def augment(batch, rows, generator):
                seen.append(rows)
                return batch + 1

            return augment

    X = np.random.default_rng(0).random((8, 32))
    net = GlobalPoolCNNClassifier((2,), max_epochs=3, batch_size=4, random_state=0)
    net.set_params(augmentation=[Louder(), RandomFreqShift(3)]).fit(X, [0, 1] * 4)
    assert len(seen) == 6 and set(torch.cat(seen[:2]).tolist()) == set(range(8))
    flat = FlattenCNNClassifier(2, max_epochs=1, augmentation=Louder(), random_state=0)
    flat.fit(X, [0, 1] * 4)
    assert len(seen) == 7
    # In a Pipeline it needs no parameter either.
    np.testing.assert_allclose(Louder().fit_transform(X), X + 1)
    np.testing.assert_array_equal(Louder().fit(X).transform(X), X)


def test_batches_hold_every_row_once_and_none_has_a_single_row():
    for n in range(2, 40):
        dataset = SpectraDataset(*[torch.arange(n)] * 3)
        loader = BatchLoader(dataset, 8, generator=torch.Generator().manual_seed(n))
        batches = [X for X, _ in loader]
        assert len(batches) == len(loader)
        assert torch.cat(batches).sort().values.tolist() == list(range(n))
        assert min(map(len, batches)) > 1


def test_no_files_are_written_in_fit(blobs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clone(QUICK).fit(*blobs)
    assert list(tmp_path.iterdir()) == []


def test_one_progress_bar_with_verbose_and_silence_without(blobs, capfd):
    clone(QUICK).fit(*blobs)
    assert capfd.readouterr() == ("", "")
    clone(QUICK).set_params(verbose=1).fit(*blobs)
    out, err = capfd.readouterr()
    assert out == "" and "8/8" in err and "loss=" in err and err.count("\n") == 1


def test_ctrl_c_in_the_first_epoch_is_raised(blobs, monkeypatch):
    def interrupted(self):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(BatchLoader, "__iter__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        clone(QUICK).fit(*blobs)


class Counting(Callback):
    def __init__(self, epochs=None):
        self.epochs = epochs

    def on_epoch_end(self, net, **kwargs):
        self.seen_ = getattr(self, "seen_", 0) + 1
        if self.seen_ == self.epochs:
            raise KeyboardInterrupt


def test_the_users_callbacks_are_called_in_every_epoch_and_copied_by_clone(blobs):
    callback = Counting()
    model = clone(QUICK).set_params(callbacks=[callback])
    for _ in range(2):
        model.fit(*blobs)
    assert callback.seen_ == 16
    copy = clone(model).fit(*blobs)
    assert callback.seen_ == 16 and copy.callbacks[0].seen_ == 8


def test_a_callback_may_stop_the_training_without_a_warning(blobs):
    stop = EarlyStopping(monitor="train_loss", patience=1, threshold=10, sink=id)
    model = clone(QUICK).set_params(callbacks=[("stop", stop)]).fit(*blobs)
    assert model.n_iter_ < 8


def test_ctrl_c_keeps_the_weights_so_far_and_says_so(blobs, monkeypatch):
    batches, original = [], BatchLoader.__iter__

    def interrupted(self):
        for batch in original(self):
            batches.append(batch)
            if len(batches) == 5:
                raise KeyboardInterrupt
            yield batch

    monkeypatch.setattr(BatchLoader, "__iter__", interrupted)
    with pytest.warns(UserWarning, match="interrupted in epoch 3 of 8; the weights"):
        model = clone(QUICK).fit(*blobs)
    assert model.predict(blobs[0]).shape == (40,)
    assert model.n_iter_ == len(model.loss_curve_) == 2


def test_auto_device_is_cuda_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto").type == "cuda"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"


def test_refit_on_another_length(blobs):
    X, y = blobs
    model = clone(QUICK).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(X[:, ::2], y).n_features_in_ == 16


@pytest.mark.gpu
@BOTH
def test_a_model_trained_on_a_gpu_predicts_the_same_on_the_cpu(model, blobs):
    X, y = blobs
    model = clone(model).set_params(device="cuda").fit(X, y)
    assert next(model.module_.parameters()).device.type == "cuda"
    loaded = pickle.loads(pickle.dumps(model.set_params(device="cpu")))
    np.testing.assert_allclose(
        loaded.predict_proba(X), model.predict_proba(X), atol=1e-3
    )


@pytest.fixture(scope="module")
def channels():
    """Two classes that only the relation of two channels tells apart."""
    rng = np.random.default_rng(0)
    X = 0.1 * rng.random((60, 2, 64))
    y = np.repeat(["near", "far"], 30)
    for row, label in zip(X, y, strict=True):
        first = rng.integers(0, 64)
        row[0, first] += 1
        row[1, (first + (3 if label == "near" else 9)) % 64] += 1
    return X.astype(np.float32), y


@pytest.mark.parametrize("padding_mode", ["circular", "zeros"])
def test_channels_are_told_apart_and_move_together(channels, padding_mode):
    X, y = channels
    shifts = RandomFreqShift(mode="wrap")  # no noise floor in such short spectra
    model = GlobalPoolCNNClassifier(
        padding_mode=padding_mode, augmentation=shifts, max_epochs=60, random_state=0
    ).fit(X, y)
    assert model.n_channels_ == 2
    assert model.n_features_in_ == 64
    assert model.score(X, y) > 0.95
    moved = model.predict_proba(np.roll(X, 17, axis=-1))
    if padding_mode == "circular":
        np.testing.assert_array_equal(moved, model.predict_proba(X))


@pytest.mark.parametrize(
    "make", [GlobalPoolCNNClassifier, FlattenCNNClassifier], ids=lambda c: c.__name__
)
def test_spectra_with_one_channel_are_those_without(blobs, make):
    X, y = blobs
    plain = make(max_epochs=2, random_state=0).fit(X, y)
    channel = make(max_epochs=2, random_state=0).fit(X[:, None], y)
    np.testing.assert_array_equal(
        plain.predict_proba(X[:, None]), channel.predict_proba(X)
    )


@pytest.mark.parametrize(
    "make", [GlobalPoolCNNClassifier, FlattenCNNClassifier], ids=lambda c: c.__name__
)
def test_other_channels_or_another_axis_than_in_fit_are_errors(channels, make):
    X, y = channels
    model = make(max_epochs=1, random_state=0).fit(X, y)
    with pytest.raises(
        ValueError, match="X has 1 channels, but .* expecting 2 channels"
    ):
        model.predict(X[:, :1])
    with pytest.raises(
        ValueError, match="X has 1 channels, but .* expecting 2 channels"
    ):
        model.predict(X[:, 0])
    with pytest.raises(ValueError, match="X has 63 features, but .* 64 features"):
        model.predict(X[..., 1:])
    with pytest.raises(ValueError, match="dim 4"):
        model.predict(X[..., None])


def test_channels_go_from_signals_to_classes_in_a_pipeline(channels):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 3, 512)).astype(np.float32)
    X[:10, 1] += 5 * np.sin(np.arange(512))
    y = np.repeat([0, 1], 10)
    model = make_pipeline(
        WelchPSD(nperseg=64, decibels=True),
        MinMaxScale(),
        GlobalPoolCNNClassifier(max_epochs=30, random_state=0),
    ).fit(X, y)
    assert model.score(X, y) == 1.0
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


@pytest.fixture(scope="module")
def chirps():
    """Spectrograms of rising and falling lines, at any time and height."""
    rng = np.random.default_rng(0)
    X = 0.2 * rng.random((60, 24, 20)).astype(np.float32)
    y = np.repeat(["rising", "falling"], 30)
    for image, label in zip(X, y, strict=True):
        low, start = rng.integers(0, 14), rng.integers(0, 10)
        step = np.arange(10)
        image[low + (step if label == "rising" else 9 - step), start + step] += 1
    return X, y


@pytest.mark.parametrize("norm_axis", ["channel", "frequency", "time", None])
@pytest.mark.parametrize("pool_axis", ["both", "time"])
def test_spectrogram_net_tells_rising_from_falling_lines(chirps, norm_axis, pool_axis):
    X, y = chirps
    train, test = np.arange(60) % 3 > 0, np.arange(60) % 3 == 0
    model = SpectrogramCNNClassifier(
        norm_axis=norm_axis,
        pool_axis=pool_axis,
        augmentation=[RandomTimeShift(8), RandomFreqShift(8, mode="edge")],
        max_epochs=40,
        random_state=0,
    ).fit(X[train], y[train])
    assert model.score(X[test], y[test]) > 0.8
    assert model.n_features_in_ == 24
    assert model.n_frames_ == 20
    assert model.layers_[0] == (16, (5, 5), (2, 2))


def test_spectrograms_of_all_accepted_shapes(chirps):
    X, y = chirps
    quick = SpectrogramCNNClassifier(max_epochs=1, random_state=0)
    plain = clone(quick).fit(X, y)
    channel = clone(quick).fit(X[:, None], y)
    np.testing.assert_array_equal(plain.predict_proba(X), channel.predict_proba(X))
    two = clone(quick).fit(np.stack([X, X**2], axis=1), y)
    assert two.n_channels_ == 2
    frame = clone(quick).fit(X[:, :, 10], y)
    np.testing.assert_array_equal(
        frame.predict_proba(X[:, :, 10]), frame.predict_proba(X[:, :, 10:11])
    )
    with pytest.raises(ValueError, match="X has 19 frames, but .* expecting 20 frames"):
        plain.predict(X[:, :, 1:])
    with pytest.raises(ValueError, match="X has 23 features, but .* 24 features"):
        plain.predict(X[:, 1:])
    with pytest.raises(ValueError, match="dim 5"):
        plain.predict(X[:, None, None])


@pytest.mark.parametrize(
    "augmentation, expected",
    [
        ("auto", [(-1, "edge", 6), (-2, "edge", 1)]),
        (None, []),
        ([], []),
        (RandomFreqShift(3), [(-2, "wrap", 3)]),
        (RandomFreqShift(3, mode="floor"), [(-2, "floor", 3)]),
        (
            (RandomTimeShift(0.5, mode="wrap"), RandomFreqShift(0)),
            [(-1, "wrap", 16)],
        ),
    ],
)
def test_spectrograms_are_shifted_along_both_axes(augmentation, expected):
    model = SpectrogramCNNClassifier(augmentation=augmentation)
    x = torch.rand(9, 2, 64, 32, generator=torch.Generator().manual_seed(0))
    batch, oracle = x[:5], x[:5]
    generator = torch.Generator().manual_seed(1)
    for augment in model._augmentations(x):
        batch = augment(batch, slice(5), generator)
    generator = torch.Generator().manual_seed(1)
    for axis, mode, max_bins in expected:
        oracle = random_shift(
            oracle, max_bins, mode=mode, axis=axis, generator=generator
        )
    assert torch.equal(batch, oracle)


@pytest.mark.parametrize(
    "augmentation, match",
    [
        ({"time": 1}, "BatchAugmentation.*or None. Got {'time': 1}"),
        ([RandomNoise()], "augmentation cannot add noise to signals"),
        (["wrap"], "such as RandomFreqShift, or a list of them. Got 'wrap'"),
        (RandomTimeShift(1.5), r"max_shift \(=1.5\) must not exceed the axis"),
        (RandomTimeShift(1000), r"\(=1000\) .* of frames, here at most 20"),
        (RandomFreqShift(1000), r"\(=1000\) .* of bins, here at most 24"),
        (RandomTimeShift(-1), "'max_shift' .*Got -1 instead"),
    ],
    ids=str,
)
def test_augmentation_that_is_none_is_refused(chirps, augmentation, match):
    model = SpectrogramCNNClassifier(augmentation=augmentation)
    with pytest.raises(ValueError, match=match):
        model.fit(*chirps)


def test_spectra_have_no_time_to_shift_along(blobs):
    with pytest.raises(ValueError, match="RandomTimeShift needs spectrograms, as spec"):
        GlobalPoolCNNClassifier(augmentation=RandomTimeShift()).fit(*blobs)


def test_spectrogram_net_continues_stops_early_and_is_saved(chirps):
    X, y = chirps
    model = SpectrogramCNNClassifier(
        norm_axis="time", early_stopping=True, max_epochs=3, random_state=0
    ).fit(X, y)
    assert len(model.history_) == 3
    assert "valid_loss" in model.history_[0]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    model.set_params(early_stopping=False, warm_start=True, max_epochs=1)
    assert model.fit(X, y, sample_weight=np.ones(60)).n_iter_ == 4
    with pytest.raises(ValueError, match="warm_start=True needs the net"):
        model.set_params(norm_axis="channel").fit(X, y)


def test_pipeline_from_signals_to_classes_by_spectrograms():
    t = np.arange(2048) / 2048
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 2048)).astype(np.float32)
    start = rng.uniform(100, 300, (40, 1))
    slope = np.repeat([300, -0.3 * 300], 20)[:, None]
    X += 3 * np.sin(2 * np.pi * (start * t + slope * t**2))
    y = np.repeat(["up", "down"], 20)
    model = make_pipeline(
        Spectrogram(nperseg=128, decibels=True),
        MinMaxScale(per="spectrogram"),
        SpectrogramCNNClassifier(max_epochs=20, random_state=0),
    )
    train = np.arange(40) % 2 == 0
    assert model.fit(X[train], y[train]).score(X[~train], y[~train]) > 0.9


@pytest.mark.gpu
def test_spectrogram_net_trained_on_a_gpu_predicts_the_same_on_the_cpu(chirps):
    X, y = chirps
    model = SpectrogramCNNClassifier(device="cuda", max_epochs=5, random_state=0)
    on_gpu = model.fit(X, y).predict_proba(X)
    moved = pickle.loads(pickle.dumps(model))
    moved.device = "cpu"
    on_cpu = pickle.loads(pickle.dumps(moved)).predict_proba(X)
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-3)


def test_spectrograms_scaled_band_by_band_are_warned_of(chirps):
    X, y = chirps
    quick = SpectrogramCNNClassifier(max_epochs=1, random_state=0)
    with pytest.warns(UserWarning, match=r"use MinMaxScale\(per='spectrogram'\)"):
        clone(quick).fit(MinMaxScale().fit_transform(X), y)
    clone(quick).fit(MinMaxScale(per="spectrogram").fit_transform(X), y)  # no warning

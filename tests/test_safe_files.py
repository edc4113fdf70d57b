"""Files of skops: whole fitted pipelines, with no type to trust outside of sk_psd."""

import io
import pickle
import re
import warnings
import zipfile

import numpy as np
import pytest
from public_names import ESTIMATORS, make
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from skorch.callbacks import EarlyStopping

from sk_psd import (
    ConvFilter,
    FFTMagnitude,
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    InvariantFeatures,
    InvariantFeaturesClassifier,
    LearnedConvFilter,
    LogFrequency,
    MinMaxScale,
    PeakAlign,
    RandomFreqShift,
    RandomNoise,
    Spectrogram,
    SpectrogramCNNClassifier,
    WelchPSD,
    WindowedClassifier,
    make_baselines,
    make_spectrum_classifier,
    trusted_types,
)
from sk_psd import _state as state_module

skops = pytest.importorskip("skops.io")

X = np.random.default_rng(0).standard_normal((24, 400))
Z = X + 1j * X[:, ::-1]
SPECTRA = X[:, :200] ** 2
Y = np.repeat(["narrow", "wide"], 12)
QUICK = dict(max_epochs=1, random_state=0)


def net(**params):
    return GlobalPoolCNNClassifier(**QUICK | params)


def vote():
    pipe = make_spectrum_classifier(fs=1e3, nperseg=64, vote=True, random_state=0)
    return pipe.set_params(vote__net__max_epochs=1)


def partial():
    model = net()
    for _ in range(2):
        model.partial_fit(SPECTRA, Y, classes=["narrow", "wide"])
    return model


def with_changed_parameters():
    """Return a transformer whose parameters differ from those it was fitted with."""
    return WelchPSD(nperseg=64, notch=[0.1]).fit(X).set_params(nperseg=32, notch=None)


def on(model, X=SPECTRA, y=Y):
    return lambda: clone(model).fit(X, y)


def psd(**params):
    return WelchPSD(nperseg=64, **params)


# Functions that return a fitted estimator, and what it predicts from.
FITTED = {
    "global pool": (on(net()), SPECTRA),
    "flatten": (on(FlattenCNNClassifier(**QUICK)), SPECTRA),
    "spectrogram": (
        on(
            make_pipeline(Spectrogram(nperseg=64), SpectrogramCNNClassifier(**QUICK)), X
        ),
        X,
    ),
    "features": (
        on(
            make_pipeline(
                psd(),
                InvariantFeaturesClassifier(
                    augmentation=[RandomFreqShift()], random_state=0
                ),
            ),
            X,
        ),
        X,
    ),
    "indicators": (
        on(net(), y=(np.arange(72).reshape(24, 3) % 5 < 2).astype(int)),
        SPECTRA,
    ),
    "objects as labels": (on(net(), y=Y.astype(object)), SPECTRA),
    "weights and augmentation": (
        on(net(class_weight={"wide": 2.0}, augmentation=[RandomFreqShift(3)])),
        SPECTRA,
    ),
    "a random state": (on(net(random_state=np.random.RandomState(0))), SPECTRA),
    "early stopping": (on(net(early_stopping=True)), SPECTRA),
    "partial_fit": (partial, SPECTRA),
    "vote": (lambda: vote().fit(Z, Y), Z),
    "all steps": (
        on(
            make_pipeline(
                RandomNoise(10.0, random_state=0),
                psd(window=("kaiser", 8.0), notch=[0.1, (0.2, 0.3)], decibels=True),
                ConvFilter(),
                PeakAlign(),
                MinMaxScale(),
                net(),
            ),
            X,
        ),
        X,
    ),
    "logarithmic axis": (
        on(make_pipeline(psd(fmin=0.1), LogFrequency(32, fs=1.0), net()), X),
        X,
    ),
    "a window as an array": (on(psd(window=np.hanning(64), decibels=True), X), X),
    "changed parameters": (with_changed_parameters, X),
    "learned filter": (on(LearnedConvFilter(**QUICK), X, y=X), X),
    "recordings": (
        on(WindowedClassifier(make_pipeline(psd(), MinMaxScale(), net()), 200), X),
        X,
    ),
    "invariant features": (
        on(make_pipeline(FFTMagnitude(), InvariantFeatures())),
        SPECTRA,
    ),
    "a baseline": (on(make_baselines(psd())["logreg_aligned_psd"], X), X),
}


def results(model, X):
    names = ("predict_proba", "predict", "transform")
    return [getattr(model, name)(X) for name in names if hasattr(model, name)]


def assert_same(model, other, X):
    expected = results(model, X)
    assert expected
    for a, b in zip(expected, results(other, X), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("case", FITTED)
def test_a_fitted_pipeline_loads_by_trusted_types_and_predicts_the_same(case, tmp_path):
    fit, X = FITTED[case]
    model, path = fit(), tmp_path / "model.skops"
    skops.dump(model, path)
    untrusted = skops.get_untrusted_types(file=path)
    assert all(name.startswith("sk_psd.") for name in untrusted)
    loaded = skops.load(path, trusted=trusted_types)
    assert_same(model, loaded, X)
    assert_same(model, pickle.loads(pickle.dumps(loaded)), X)
    assert re.sub("0x[0-9A-F]+", "", repr(loaded)) == re.sub(
        "0x[0-9A-F]+", "", repr(model)
    )


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_every_estimator_needs_its_own_type_only(cls):
    model = make(cls)
    if "max_epochs" in model.get_params():
        model.set_params(max_epochs=1)
    rows = (X if cls in (RandomNoise, WelchPSD, Spectrogram) else SPECTRA)[:, :40]
    model.fit(rows, rows if cls is LearnedConvFilter else np.arange(24) % 2)
    data = skops.dumps(model)
    untrusted = set(skops.get_untrusted_types(data=data))
    assert f"{cls.__module__}.{cls.__name__}" in untrusted <= set(trusted_types)
    assert_same(model, skops.loads(data, trusted=trusted_types), rows)


def test_trusted_types_are_the_estimators():
    public = {f"{cls.__module__}.{cls.__name__}" for cls in ESTIMATORS}
    bases = {"BatchAugmentation", "_TrainingOnly"}
    bases = {f"sk_psd.augmentation.{name}" for name in bases}
    steps = {"sk_psd.baselines._flatten", "sk_psd.pipelines._VotingClassifier"}
    assert set(trusted_types) == public | bases | steps
    assert trusted_types == sorted(trusted_types)
    assert all(isinstance(name, str) for name in trusted_types)


def test_a_subclass_of_the_user_is_not_trusted():
    class Mine(WelchPSD):
        pass

    assert not any("Mine" in name for name in trusted_types)
    with pytest.raises(Exception, match="Mine"):
        skops.loads(skops.dumps(Mine().fit(X)), trusted=trusted_types)


def test_a_file_without_trusted_names_the_types():
    with pytest.raises(skops.exceptions.UntrustedTypesFoundException) as caught:
        skops.loads(skops.dumps(make_pipeline(psd(), MinMaxScale()).fit(X)))
    for name in ("sk_psd.spectral.WelchPSD", "sk_psd.scaling.MinMaxScale"):
        assert name in str(caught.value)


def test_callbacks_stay_in_pickles_and_leave_files_of_skops_with_a_warning():
    stop = EarlyStopping("train_loss", patience=3)
    model = net(callbacks=[("stop", stop)]).fit(SPECTRA, Y)
    with pytest.warns(UserWarning, match="does not hold the callbacks of this Global"):
        data = skops.dumps(model)
    loaded = skops.loads(data, trusted=trusted_types)
    assert loaded.callbacks is None
    assert_same(model, loaded, SPECTRA)
    for same in (pickle.loads(pickle.dumps(model)), clone(model)):
        assert same.callbacks[0][1].patience == 3


def test_callbacks_of_scikit_learn_leave_files_of_skops_too():
    callback = pytest.importorskip("sklearn.callback")
    model = net().set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
    model.fit(SPECTRA, Y)
    with pytest.warns(UserWarning, match="does not hold the callbacks"):
        data = skops.dumps(make_pipeline(MinMaxScale().fit(SPECTRA), model))
    assert_same(model, skops.loads(data, trusted=trusted_types)[-1], SPECTRA)


def parts_of(data):
    """Return the parts of a file of skops by name, as bytes."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewritten(data, change):
    """Return a file of skops in which a function has changed each part's bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as out:
        for name, content in parts_of(data).items():
            out.writestr(name, change(name, content))
    return target.getvalue()


@pytest.mark.parametrize("case", ["global pool", "changed parameters", "vote"])
def test_an_altered_number_in_any_array_of_a_file_is_an_error(case):
    data = skops.dumps(FITTED[case][0]())
    arrays = [name for name in parts_of(data) if name.endswith(".npy")]
    skops.loads(rewritten(data, lambda name, content: content), trusted=trusted_types)
    n_errors = 0
    for altered in arrays:

        def flip(name, content, altered=altered):
            if name != altered:
                return content
            return content[:-1] + bytes([content[-1] ^ 1])

        try:
            skops.loads(rewritten(data, flip), trusted=trusted_types)
        except ValueError as error:
            assert "is damaged: its numbers" in str(error)
            n_errors += 1
    assert n_errors == len(arrays) > 0


def test_an_altered_parameter_of_a_file_is_an_error():
    data = skops.dumps(psd(fs=100.0).fit(X))

    def change(name, content):
        return content.replace(b'"100.0"', b'"101.0"')

    with pytest.raises(ValueError, match="state of this WelchPSD is damaged"):
        skops.loads(rewritten(data, change), trusted=trusted_types)


def test_a_file_of_another_version_warns(monkeypatch):
    model = net().fit(SPECTRA, Y)
    with monkeypatch.context() as patch:
        patch.setattr(state_module, "__version__", "0.0.1")
        data = skops.dumps(model)
    with pytest.warns(InconsistentVersionWarning, match="0.0.1"):
        loaded = skops.loads(data, trusted=trusted_types)
    assert_same(model, loaded, SPECTRA)


def test_a_file_holds_no_private_type():
    parts = parts_of(skops.dumps(with_changed_parameters()))
    assert "sk_psd._" not in parts["schema.json"].decode()


def test_a_pickle_of_a_plan_as_an_object_still_loads():
    """Pickles of versions before this one hold the plan of the segments itself."""
    model = with_changed_parameters()
    state = model.__getstate__()
    for name in ("_segments", "_notch"):
        state[name] = vars(model)[name]
    for name in ("_sk_psd_checksum", "_sk_psd_version"):
        del state[name]
    other = WelchPSD.__new__(WelchPSD)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        other.__setstate__(state)
    assert_same(model, other, X)

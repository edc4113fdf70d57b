"""The user's sentence: compose, search, validate, save, load."""

import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline

from sk_psd import (
    FFTMagnitude,
    GlobalPoolCNNClassifier,
    LogFrequency,
    MinMaxScale,
    RandomFreqShift,
    WelchPSD,
    make_baselines,
)
from sk_psd.datasets import make_harmonic_sounds


def make_pipe(signals, **kwargs):
    psd = WelchPSD(
        nperseg=signals.nperseg, return_onesided=False, detrend=False, decibels=True
    )
    classifier = GlobalPoolCNNClassifier(max_epochs=8, random_state=0)
    return make_pipeline(
        psd, MinMaxScale(), RandomFreqShift(random_state=0), classifier, **kwargs
    )


def test_grid_search_over_kernel_sizes_and_the_saved_winner(signals, tmp_path):
    grid = {"globalpoolcnnclassifier__kernel_size": [8, 16, 32]}
    search = GridSearchCV(make_pipe(signals), grid, cv=3, n_jobs=2)
    search.fit(signals.X_train, signals.y_train)
    scores = np.stack([search.cv_results_[f"split{i}_test_score"] for i in range(3)])
    assert len({tuple(column) for column in scores.T}) == 3
    assert search.best_score_ > 0.7

    X = signals.test["shifted"][0]
    expected = search.best_estimator_.predict_proba(X)
    joblib.dump(search.best_estimator_, tmp_path / "model.joblib")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import joblib, numpy, torch; torch.set_num_threads(1);"
        "model = joblib.load('model.joblib'); X = numpy.load('X.npy');"
        "numpy.save('proba.npy', model.predict_proba(X))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "proba.npy"), expected)


def test_cross_validation_is_repeatable_and_clone_forgets(signals):
    pipe, X, y = make_pipe(signals), signals.X_train, signals.y_train
    scores = cross_val_score(pipe, X, y, cv=2)
    np.testing.assert_array_equal(cross_val_score(clone(pipe), X, y, cv=2), scores)
    assert not hasattr(clone(pipe.fit(X, y))[-1], "classes_")


def test_pipeline_with_memory_gives_the_same_as_without(signals, tmp_path):
    X, y = signals.X_train, signals.y_train
    expected = make_pipe(signals).fit(X, y).predict_proba(X)
    for _ in range(2):
        cached = make_pipe(signals, memory=str(tmp_path)).fit(X, y)
        np.testing.assert_array_equal(cached.predict_proba(X), expected)


def test_feature_union_puts_spectra_side_by_side(signals):
    X, y = signals.X_train, signals.y_train
    onesided = dict(return_onesided=False)
    union = FeatureUnion(
        [("short", WelchPSD(nperseg=64, **onesided)), ("fft", FFTMagnitude())]
    )
    model = make_pipeline(union, MinMaxScale(), GlobalPoolCNNClassifier(max_epochs=1))
    assert model.fit(X, y)[-1].n_features_in_ == 64 + 1024
    assert union.get_feature_names_out()[0] == "short__psd_-0.5000Hz"


def test_set_params_of_a_step_reaches_the_net(signals):
    pipe = make_pipe(signals).set_params(globalpoolcnnclassifier__n_filters=(3, 5))
    pipe.fit(signals.X_train, signals.y_train)
    assert [layer[0] for layer in pipe[-1].layers_] == [3, 5]


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_data_frames_have_names_in_hertz(output):
    X = np.random.default_rng(0).random((3, 64)).astype(np.float32)
    pipe = make_pipeline(WelchPSD(fs=8.0, nperseg=8), MinMaxScale(), RandomFreqShift())
    frame = pipe.set_output(transform=output).fit_transform(X)
    names = ["psd_0.0Hz", "psd_1.0Hz", "psd_2.0Hz", "psd_3.0Hz", "psd_4.0Hz"]
    assert list(frame.columns) == [n.replace(".0Hz", ".00Hz") for n in names]
    assert np.asarray(frame).dtype == np.float32
    with config_context(transform_output=output):
        assert list(FFTMagnitude().fit_transform(X).columns)[1] == "fft_0.0156"


def test_on_a_logarithmic_axis_an_invariant_model_survives_another_pitch():
    psd = WelchPSD(fs=16000.0, nperseg=4096, decibels=True)
    axes = {"linear": psd, "log": make_pipeline(psd, LogFrequency(256))}
    train = make_harmonic_sounds(240, random_state=0)
    octave_up = make_harmonic_sounds(120, f0=(320.0, 448.0), random_state=1)
    score = {}
    for name, step in axes.items():
        model = make_baselines(step)["logreg_fft_of_psd"].fit(*train)
        score[name] = model.score(*octave_up)
    assert score["linear"] < 0.4 and score["log"] > 0.7

"""`InvariantFeaturesClassifier`: exactness, copies, weights and errors."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_psd import (
    InvariantFeatures,
    InvariantFeaturesClassifier,
    RandomFreqShift,
    RandomNoise,
    WelchPSD,
)


def test_moved_spectra_are_told_apart_and_circular_shifts_change_nothing(spectra):
    X, y, test = spectra
    model = InvariantFeaturesClassifier().fit(X, y)
    assert model.score(*test["shifted"]) > 0.95
    row = test["shifted"][0][:1]
    rolled = np.concatenate([np.roll(row, s, axis=1) for s in range(row.shape[1])])
    proba = model.predict_proba(rolled)
    assert np.ptp(proba, axis=0).max() == 0
    assert len(set(model.predict(rolled))) == 1


def test_without_copies_it_is_a_pipeline_of_scikit_learn(spectra):
    X, y, _ = spectra
    features, linear = InvariantFeatures(n_octaves=2), LogisticRegression(C=0.1)
    model = InvariantFeaturesClassifier(features, linear).fit(X, y)
    plain = make_pipeline(features, StandardScaler(), linear).fit(X, y)
    expected = plain.predict_proba(X)  # in single precision, as X is
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-5)
    assert model.features_ is not features and model.classifier_ is not linear


@pytest.mark.parametrize("n_copies", [0, 1, 3])
def test_the_copies_are_trained_beside_the_spectra(n_copies, spectra):
    X, y, _ = spectra
    shift = RandomFreqShift(0.1, mode="floor")
    model = InvariantFeaturesClassifier(
        augmentation=shift, n_copies=n_copies, random_state=0
    ).fit(X, y)
    assert model.scaler_.n_samples_seen_ == (1 + n_copies) * len(X)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    plain = InvariantFeaturesClassifier().fit(X, y)
    assert (plain.scaler_.mean_ == model.scaler_.mean_).all() == (n_copies == 0)


def test_cut_copies_help_with_cut_spectra(spectra):
    X, y, test = spectra
    shift = RandomFreqShift(mode="floor")
    plain = InvariantFeaturesClassifier().fit(X, y)
    copies = InvariantFeaturesClassifier(augmentation=[shift], random_state=0).fit(X, y)
    assert copies.score(*test["cut"]) > plain.score(*test["cut"]) + 0.05


def test_a_weight_counts_as_often_as_a_repeated_sample(spectra):
    X, y, _ = spectra
    weight = np.arange(len(X)) % 3
    model = InvariantFeaturesClassifier().fit(X, y, sample_weight=weight)
    repeated = InvariantFeaturesClassifier().fit(
        np.repeat(X, weight, axis=0), np.repeat(y, weight)
    )
    np.testing.assert_allclose(
        model.predict_proba(X), repeated.predict_proba(X), atol=1e-3
    )


def test_a_classifier_without_weights_or_probabilities(spectra):
    X, y, _ = spectra
    model = InvariantFeaturesClassifier(classifier=Perceptron())
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model.fit(X, y), "predict_proba")
    assert set(model.predict(X)) == set(y)

    class NoWeights(LogisticRegression):
        def fit(self, X, y):
            return super().fit(X, y)

    model = InvariantFeaturesClassifier(classifier=NoWeights())
    assert model.fit(X, y).score(X, y) > 0.95
    message = (
        "sample_weight needs a classifier whose fit takes sample_weight.*NoWeights"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, sample_weight=np.ones(len(X)))
    with pytest.raises(NotFittedError):  # as after any fit that failed
        model.predict(X)


def test_labels_reach_the_classifier_as_they_are(spectra):
    X, y, _ = spectra
    weights = dict.fromkeys(set(y), 1.0)
    linear = LogisticRegression(C=0.02, tol=1e-3, class_weight=weights, max_iter=1000)
    model = InvariantFeaturesClassifier(classifier=linear).fit(X, y)
    assert list(model.classes_) == sorted(set(y))
    expected = InvariantFeaturesClassifier().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-6)


def test_searches_and_pickles(spectra):
    X, y, _ = spectra
    model = InvariantFeaturesClassifier(InvariantFeatures(0), LogisticRegression())
    grid = {"features__n_bispectrum": [0, 8], "classifier__C": [0.01, 0.1]}
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.9
    loaded = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))


def test_noise_in_copies_needs_decibels(spectra):
    X, y, _ = spectra
    noise = RandomNoise(domain="spectrum")
    with pytest.raises(ValueError, match="needs spectra in decibels"):
        InvariantFeaturesClassifier(augmentation=noise).fit(X, y)


def test_copies_of_channels_move_together(signals):
    psd = WelchPSD(
        nperseg=256, return_onesided=False, detrend=False, decibels=True
    ).fit(signals.X_train)
    X, y = psd.transform(signals.X_train), signals.y_train
    X = np.stack([X, X], axis=1)
    model = InvariantFeaturesClassifier(
        augmentation=RandomFreqShift(), random_state=0
    ).fit(X, y)
    mean = model.scaler_.mean_
    np.testing.assert_allclose(mean[: len(mean) // 2], mean[len(mean) // 2 :])
    moved, labels = signals.test["shifted"]
    moved = psd.transform(moved)
    assert model.score(np.stack([moved, moved], axis=1), labels) > 0.95


def test_probabilities_of_single_precision_sum_to_one(spectra):
    X, y, _ = spectra
    model = InvariantFeaturesClassifier().fit(X.astype(np.float32), y)
    proba = model.predict_proba(X.astype(np.float32))
    assert proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)

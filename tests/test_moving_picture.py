"""The moving picture of the front page: its frames, its size and its controls."""

import importlib.util
import json
import pathlib
import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
)
from sk_psd.datasets import make_shift_benchmark

PATH = pathlib.Path(__file__).parent.parent / "docs" / "moving_picture.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("moving_picture", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trained():
    """Small nets for the spectra of the picture, and test signals that they know."""
    data = make_shift_benchmark("easy4", n_train=64, n_test=24, n_freqs=512)
    psd = WelchPSD(
        1e6, nperseg=512, return_onesided=False, detrend=False, decibels=True
    )
    nets = {
        "flat": FlattenCNNClassifier(4, max_epochs=8, random_state=0),
        "pool": GlobalPoolCNNClassifier((8, 8), max_epochs=12, random_state=0),
    }
    models = {
        name: make_pipeline(psd, MinMaxScale(), net).fit(data.X_train, data.y_train)
        for name, net in nets.items()
    }
    return models, *data.test["centered"]


def test_the_frames_are_the_outputs_of_the_nets(script, trained):
    models, X, _ = trained
    shifts = [0.0, 0.2]
    views = script.follow(models, X[:1], shifts)
    for name, model in models.items():
        for shift, view in zip(shifts, views[name], strict=True):
            moved = script.shift_rows(model, X[:1], shift)
            np.testing.assert_allclose(
                view.evidence.sum() + view.bias, view.logit, rtol=1e-4
            )
            assert view.prediction == model.predict(moved)[0]
            assert view.proba == model.predict_proba(moved).max()
    at_center, moved = (view.evidence.sum() for view in views["pool"])
    assert abs(at_center - moved) < 1e-3 * abs(at_center)


def test_the_page_is_small_and_has_controls(script, trained, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "train", lambda: trained)
    monkeypatch.setattr(script, "pick_sample", lambda models, X, y: X[:1])
    monkeypatch.setattr(script, "PAGE", tmp_path / "picture.html")
    script.write_page()
    page = script.PAGE.read_text()
    assert len(page) < 1e6
    frames = json.loads(re.search(r"const frames = (.*);", page)[1])
    slider = re.search(r'<input type="range".*?max="(\d+)" value="(\d+)">', page)
    assert len(frames["shift"]) == int(slider[1]) + 1
    assert frames["shift"][int(slider[2])] == 0
    for net in frames["nets"].values():
        for row in script.ROWS:
            for places, values in zip(net["places"], net[row], strict=True):
                assert len(places) == len(values)
                assert 0 <= min(values) <= max(values) <= 1000
    assert '<button type="button"' in page
    assert "prefers-reduced-motion" in page
    assert re.search(r"<noscript><img src=\"_static/moving_picture.png\"", page)

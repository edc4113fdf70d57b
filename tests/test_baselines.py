import numpy as np
import pytest

from sk_psd import WelchPSD, make_baselines


def test_baselines_are_pipelines_from_signals_and_the_invariant_ones_survive(signals):
    psd = WelchPSD(nperseg=256, return_onesided=False, detrend=False, decibels=True)
    score = {}
    for name, pipe in make_baselines(psd).items():
        pipe.fit(signals.X_train, signals.y_train)
        score[name] = [pipe.score(*signals.test[k]) for k in ("centered", "shifted")]
    assert score["logreg_psd"][0] > 0.9 and score["logreg_psd"][1] < 0.6
    assert score["logreg_fft_of_psd"][1] > 0.9
    assert abs(np.subtract(*score["logreg_aligned_psd"])) < 0.1
    assert score["logreg_fft"][1] < 0.6
    assert score["lda_sorted_psd"][1] > 0.95
    assert score["svc_bispectrum_of_psd"][1] > 0.95


@pytest.mark.parametrize("name", ["lda_sorted_psd", "svc_bispectrum_of_psd"])
def test_the_features_of_the_strong_baselines_do_not_change_at_all(name, signals):
    psd = WelchPSD(nperseg=256, return_onesided=False, detrend=False, decibels=True)
    model = make_baselines(psd)[name].fit(signals.X_train, signals.y_train)
    spectrum = psd.fit_transform(signals.test["shifted"][0])[:1]
    rolled = np.concatenate([np.roll(spectrum, s, axis=1) for s in range(256)])
    assert len(set(model[1:].predict(rolled))) == 1
    assert np.ptp(model[1:-1].transform(rolled), axis=0).max() == 0


def test_baselines_take_real_signals_by_default():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 512)), np.repeat([0, 1], 10)
    for pipe in make_baselines().values():
        assert pipe.fit(X, y).predict(X).shape == (20,)


@pytest.mark.parametrize("psd", [3, WelchPSD, [WelchPSD()]])
def test_a_psd_that_is_not_a_transformer_is_refused(psd):
    with pytest.raises(ValueError, match="psd must be a transformer .* Got"):
        make_baselines(psd)

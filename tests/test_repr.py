"""How estimators and results look in a console and in a notebook."""

import pathlib
import pickle
import re

import numpy as np
import public_names
import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr
from sklearn.utils.fixes import parse_version

import sk_psd
from sk_psd import (
    GlobalPoolCNNClassifier,
    MinMaxScale,
    _doc_link,
    datasets,
    filter_response,
    shift_curve,
    shift_invariance,
)
from sk_psd.inspection import activation_map, locate

HAS_TOOLTIPS = parse_version(sklearn.__version__) >= parse_version("1.9")


def body_of(estimator):
    """Return the HTML diagram without its style sheet and script."""
    html = estimator_html_repr(estimator)
    return re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)


def tooltips_of(html):
    """Return the text of each tooltip, by the name it stands at."""
    links = re.findall(
        r'<a class="param-doc-link"[^>]*>\s*(\w+)\s*<span[^>]*>(.*?)</span>\s*</a>',
        html,
        flags=re.DOTALL,
    )
    return {name: text.strip() for name, text in links}


@pytest.mark.skipif(not HAS_TOOLTIPS, reason="scikit-learn 1.9 brought the tooltips")
@pytest.mark.parametrize("cls", public_names.ESTIMATORS)
def test_every_parameter_has_a_tooltip_without_a_link(cls):
    estimator = public_names.make(cls)
    html = body_of(estimator)
    tips = tooltips_of(html)
    # Two parameters under one heading are no entry of a docstring of their own.
    names = set(estimator.get_params(deep=False)) - {"fmin", "fmax"}
    assert names <= set(tips)
    for name in names:
        assert tips[name].startswith(f"{name}: ") and "<br><br>" in tips[name]
    own = html.split('class="sk-serial"')[0]  # not the parts of other libraries
    assert "href" not in own and "scikit-learn.org" not in own


@pytest.mark.skipif(not HAS_TOOLTIPS, reason="scikit-learn 1.9 brought the tooltips")
def test_fitted_attributes_have_tooltips_also_inside_of_a_pipeline(blobs):
    model = make_pipeline(MinMaxScale(), GlobalPoolCNNClassifier(max_epochs=1))
    tips = tooltips_of(body_of(model.fit(*blobs)))
    assert tips["best_epoch_"].startswith("best_epoch_: int<br><br>Number of the epoch")
    assert "steps" in tips  # of scikit-learn's own box, whose links stay
    assert "https://scikit-learn.org" in body_of(model)


def test_the_diagram_links_to_the_documentation_once_it_has_an_address(monkeypatch):
    monkeypatch.setattr(_doc_link, "SITE", "https://docs.test")
    html = body_of(MinMaxScale())
    page = "https://docs.test/api/generated/sk_psd.MinMaxScale.html"
    assert f'href="{page}"' in html
    if HAS_TOOLTIPS:
        assert f'href="{page}#:~:text=feature_range' in html


def test_the_pages_that_the_diagram_links_to_are_listed():
    page = pathlib.Path(__file__).parent.parent / "docs" / "api.rst"
    listed = set(page.read_text().split())
    assert {cls.__name__ for cls in public_names.ESTIMATORS} <= listed


@pytest.fixture(scope="module")
def results(models, spectra):
    X, y = spectra[2]["centered"]
    model = models["exact"]
    return [
        shift_curve(model, X, y),
        shift_invariance(model, X[:3], shifts=[1, 2]),
        filter_response([1.0, 2.0]),
        activation_map(model, X),
        locate(model, X),
        datasets.make_shift_benchmark("easy4", n_train=8, n_test=4, n_freqs=64),
        datasets.make_spectral_shapes(8, return_X_y=False, n_times=64),
        datasets.make_harmonic_sounds(8, return_X_y=False, n_times=64),
        datasets.make_spectral_mixtures(8, return_X_y=False, n_times=64),
    ]


def test_results_print_a_line_for_each_value(results):
    for result in results:
        lines = repr(result).splitlines()
        assert len(lines) == len(result) and max(map(len, lines)) < 120
        assert [line.split()[0] for line in lines] == list(result)
        assert str(result) == repr(result)
        copy = pickle.loads(pickle.dumps(result))
        assert repr(copy) == repr(result) and copy.keys() == result.keys()


def test_long_arrays_print_as_their_shape_and_short_ones_as_their_values():
    result = sk_psd._result.Result(
        long=np.zeros((3, 4)), short=np.array([1.5, 2.0]), text="one", none=None
    )
    assert repr(result) == (
        "long   float64 array of shape (3, 4)\n"
        "short  float64 array of shape (2,): [1.5 2. ]\n"
        "text   'one'\n"
        "none   None"
    )


def test_data_sets_describe_their_values(results):
    for data in results[-4:]:
        text = data.DESCR
        for name in data:
            if name not in ("DESCR", "name"):
                assert re.search(rf"\b{name}\b", text), name
        X = data["X"] if "X" in data else data.X_train
        assert str(X.shape) in text and str(X.dtype) in text
        assert "Hz" in text
        assert "Model: " in text


def test_the_law_of_the_shapes_holds():
    """The power in the band, less the noise there, has the stated ratio to it."""
    data = datasets.make_spectral_shapes(
        1,
        shapes=("rect",),
        n_times=2**16,
        fs=1000.0,
        center_freq=100.0,
        snr_db=3.0,
        gain_db=0.0,
        tilt_db=0.0,
        return_X_y=False,
        random_state=0,
    )
    powers = np.abs(np.fft.fft(data.X[0])) ** 2
    freqs = np.fft.fftfreq(data.X.shape[1], 1 / data.fs)
    inside = np.abs(freqs - data.center_freq[0]) < data.bandwidth[0] / 2
    outside = np.abs(freqs - data.center_freq[0]) > data.bandwidth[0]
    ratio = powers[inside].mean() / powers[outside].mean() - 1
    assert abs(10 * np.log10(ratio) - data.snr_db[0]) < 0.3

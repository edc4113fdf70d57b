import warnings

import matplotlib.pyplot as plt
import numpy as np

from sk_psd import ConvFilter, FilterDisplay, ShiftCurveDisplay, filter_response


def test_display_draws_one_labeled_line_for_each_model(models, spectra):
    X, y = spectra[2]["centered"]
    display = ShiftCurveDisplay.from_estimators(models, X, y, shifts=[-0.25, 0, 0.25])
    assert [line.get_label() for line in display.lines_] == list(models)
    for line, curve in zip(display.lines_, display.curves.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [-0.25, 0, 0.25])
        np.testing.assert_array_equal(line.get_ydata(), curve.scores)
    assert display.ax_.get_xlabel() == "shift / length of the axis"
    assert display.ax_.get_legend() is not None
    assert display.figure_ is display.ax_.figure


def test_display_sorts_the_shifts_and_shows_negative_scores(models, spectra):
    X, y = spectra[2]["centered"]
    display = ShiftCurveDisplay.from_estimator(
        models["exact"], X, y, shifts=[20, -20, 0], scoring="neg_log_loss", name="it"
    )
    np.testing.assert_array_equal(display.lines_[0].get_xdata() * 256, [-20, 0, 20])
    low, high = display.ax_.get_ylim()
    assert low < display.lines_[0].get_ydata().min() and high < 0.5


def test_a_name_that_matplotlib_hides_makes_no_empty_legend(models, spectra):
    X, y = spectra[2]["centered"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = ShiftCurveDisplay.from_estimator(
            models["exact"], X, y, shifts=[0], name="_hidden"
        )
    assert display.ax_.get_legend() is None


def test_display_of_one_model_is_named_after_it_and_drawn_where_asked(pipe, signals):
    _, ax = plt.subplots()
    display = ShiftCurveDisplay.from_estimator(
        pipe, *signals.test["centered"], shifts=[0], ax=ax
    )
    assert display.ax_ is ax
    assert display.lines_[0].get_label() == "GlobalPoolCNNClassifier"
    plt.close("all")


def test_filter_display_draws_the_kernel_and_its_gain():
    conv = ConvFilter("bandpass", cutoff=(10, 20), fs=100.0).fit(np.zeros((1, 30)))
    display = FilterDisplay.from_filter(conv)
    response = filter_response(conv)
    np.testing.assert_array_equal(display.line_.get_xdata(), response.freqs)
    np.testing.assert_array_equal(display.line_.get_ydata(), response.gain)
    assert display.line_.get_label() == "ConvFilter"
    taps = display.stems_[0].markerline
    np.testing.assert_array_equal(taps.get_ydata(), conv.kernel_)
    assert [ax.get_xlabel() for ax in display.axes_] == ["tap", "frequency (Hz)"]
    assert [ax.get_ylabel() for ax in display.axes_] == ["kernel", "gain (dB)"]
    assert display.figure_ is display.axes_[0].figure
    _, axes = plt.subplots(2, 1)
    both = FilterDisplay.from_filter([1, 1j], fs=2.0, name="shift", axes=axes)
    assert list(both.axes_) == list(axes) and len(both.stems_) == 2
    assert both.line_.get_label() == "shift" and both.line_.get_xdata()[0] == -1.0
    plt.close("all")

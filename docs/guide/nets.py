"""The trained nets that several pictures of the guide show."""

import functools

from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    WelchPSD,
)
from sk_psd.datasets import make_shift_benchmark


@functools.cache
def make_data(n_freqs=512):
    """Return complex signals of four shapes, and the steps from signals to spectra."""
    data = make_shift_benchmark("easy4", n_train=200, n_test=100, n_freqs=n_freqs)
    psd = WelchPSD(nperseg=n_freqs, return_onesided=False, detrend=False, decibels=True)
    return data, make_pipeline(psd, MinMaxScale()).fit(data.X_train)


@functools.cache
def train_flat(pool_size=16, pool_stride=2):
    """Return a pipeline that ends in a net with a linear layer over positions."""
    data, steps = make_data()
    net = FlattenCNNClassifier(
        pool_size=pool_size, pool_stride=pool_stride, max_epochs=20, random_state=0
    )
    return make_pipeline(steps, net).fit(data.X_train, data.y_train)


@functools.cache
def train_pooled(invariance="approximate"):
    """Return a pipeline that ends in a net with a global pool, without a roll."""
    data, steps = make_data()
    net = GlobalPoolCNNClassifier(invariance=invariance, max_epochs=20, random_state=0)
    return make_pipeline(steps, net).fit(data.X_train, data.y_train)

"""
How far may a shape move before a model fails?
==============================================

How far may a spectral shape move before a model fails? `shift_curve` shifts the test
data step by step and scores a fitted model at each step. `shift_invariance` measures
how much the predicted probabilities change.
"""

# %%
# The models are trained on complex signals at the center of the axis. The signals have
# no offset, so `detrend=False` is right: it keeps their shape the same at 0 Hz as
# elsewhere.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sk_psd import (
    FlattenCNNClassifier,
    GlobalPoolCNNClassifier,
    MinMaxScale,
    ShiftCurveDisplay,
    WelchPSD,
    make_baselines,
    shift_curve,
    shift_invariance,
)
from sk_psd.datasets import make_shift_benchmark

data = make_shift_benchmark("standard8", n_train=600, n_test=400, n_freqs=256)
FS = 1e6  # Hz
psd = WelchPSD(
    FS, nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True
)
nets = {
    "global pooling, exact": GlobalPoolCNNClassifier(random_state=0),
    "global pooling, approximate": GlobalPoolCNNClassifier(
        invariance="approximate", random_state=0
    ),
    "flatten": FlattenCNNClassifier(random_state=0),
}
models = {name: make_pipeline(psd, MinMaxScale(), net) for name, net in nets.items()}
models["logistic regression"] = make_baselines(psd)["logreg_psd"]
for model in models.values():
    model.fit(data.X_train, data.y_train)

# %%
# The whole pipelines are scored on raw signals, which are mixed to other frequencies
# before their spectra are computed.

X, y = data.test["centered"]
display = ShiftCurveDisplay.from_estimators(
    models, X, y, shifts=np.linspace(-0.5, 0.5, 21)
)
display.ax_.set_title("Trained at the center, mixed to other frequencies")

# %%
# Pooling over the whole axis makes a net approximately invariant. The product of the
# strides of this net is four bins, so a spectrum can have four phases on the strides.
# The band in the figure spans the accuracies of all four phases. The accuracies at
# twelve neighboring shifts have a period of four bins.

near = shift_curve(
    models["global pooling, approximate"][-1],
    models["global pooling, approximate"][:-1].transform(X),
    y,
    shifts=range(12),
)
print("accuracy, shifted by 0 to 11 bins:", near.scores.round(3))

# %%
# The labels of some signals flip between the phases. The invariance is exact if every
# spectrum is rolled to a canonical position before the prediction.

print(f"{'':28} {'largest change':>15} {'flipped labels':>15}")
for name in nets:
    spectra = models[name][:-1].transform(X[:50])
    report = shift_invariance(models[name][-1], spectra)
    print(f"{name:28} {report.max_change:15.1e} {report.flipped:15.2%}")

plt.show()

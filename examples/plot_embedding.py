"""
Can a net learn new classes, and refuse unknown signals?
========================================================

What does a net know about shapes that it was not trained on? `transform` of a net
classifier gives the features that its last layer sees: some hundred numbers that are
exactly the same wherever a shape lies on the axis. Any estimator of scikit-learn can
stand on them. Here one learns new classes from a few examples each, and others tell
signals of known classes from the rest.

``python examples/plot_embedding.py features.png`` writes the figure to
``features.png``.
"""

# %%
# Eight shapes. A net is trained on four of them and sees the other four never. There
# are four such nets, for two ways to divide the shapes into halves. The test signals
# lie elsewhere on the axis than the training signals.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_psd import FFTMagnitude, GlobalPoolCNNClassifier, MinMaxScale, WelchPSD
from sk_psd.datasets import make_shift_benchmark

data = make_shift_benchmark("standard8", n_train=800, n_test=800, n_freqs=256)
spectra = make_pipeline(
    WelchPSD(nperseg=data.nperseg, return_onesided=False, detrend=False, decibels=True),
    MinMaxScale(),
)
X, y = spectra.fit_transform(data.X_train), data.y_train
X_test, y_test = data.test["shifted"]
X_test = spectra.transform(X_test)

rng = np.random.default_rng(0)
halves = []
for _ in range(2):
    classes = rng.permutation(np.unique(y))
    halves += [classes[:4], classes[4:]]
nets = []
for known in halves:
    rows = np.isin(y, known)
    net = GlobalPoolCNNClassifier(max_epochs=30, random_state=0)
    nets.append(net.fit(X[rows], y[rows]))

# %%
# **A few examples of new classes.** A logistic regression learns the four classes that
# the net has never seen, from 1, 5 or 20 signals of each, on the features of the net or
# on the FFT of the spectrum, which does not depend on the position either. The spread
# is that of the four nets and of three draws of examples.

n_shots = 1, 5, 20
accuracy = {"features of the net": [], "FFT of the spectrum": []}
for known, net in zip(halves, nets, strict=True):
    new = np.flatnonzero(~np.isin(y_test, known))
    labels, inputs = y_test[new], []
    for transform in (net.transform, FFTMagnitude().fit(X).transform):
        scaler = StandardScaler().fit(transform(X[np.isin(y, known)]))
        inputs.append(scaler.transform(transform(X_test[new])))
    for _ in range(3):
        order = rng.permutation(len(new))
        rank = np.empty(len(new), int)  # of each signal among those of its class
        for c in np.unique(labels):
            members = order[labels[order] == c]
            rank[members] = np.arange(len(members))
        for values, Z in zip(accuracy.values(), inputs, strict=True):
            scores = []
            for n in n_shots:
                few = LogisticRegression(max_iter=500)
                few.fit(Z[rank < n], labels[rank < n])
                scores.append(few.score(Z[rank >= 20], labels[rank >= 20]))
            values.append(scores)


def print_row(name, values):
    """Print means, and standard deviations in brackets."""
    cells = zip(np.mean(values, axis=0), np.std(values, axis=0), strict=True)
    print(f"{name:28}" + "".join(f"{f'{m:.3f} ({s:.3f})':>15}" for m, s in cells))


print(f"{'examples of each new class':28}" + "".join(f"{n:>15}" for n in n_shots))
for name, values in accuracy.items():
    print_row(name, values)

# %%
# **Signals of no known class.** Three scores say how well a signal fits the classes
# that a net knows: the largest probability, the distance to the nearest training
# signals in the features, and a local outlier factor. A score needs a threshold, here
# one that refuses 5 % of the known signals. From the training signals themselves it may
# come out wrong, as the net fits them better than others: the last column says how many
# known signals it would refuse. So it is taken from one half of the other recordings,
# and the other half is the test.


def make_scores(net, X_known):
    """Return functions of spectra, large for signals that fit the training signals."""
    scaler = StandardScaler().fit(net.transform(X_known))

    def features(X):
        return scaler.transform(net.transform(X))

    nearest = NearestNeighbors(n_neighbors=5).fit(features(X_known))
    outlier = LocalOutlierFactor(novelty=True).fit(features(X_known))
    return {
        "largest probability": lambda X: net.predict_proba(X).max(axis=1),
        "nearest neighbors": lambda X: -nearest.kneighbors(features(X))[0].mean(axis=1),
        "local outlier factor": lambda X: outlier.score_samples(features(X)),
    }


results = {}
is_other = np.arange(len(X_test)) % 2 == 0  # recordings that set the threshold
for known, net in zip(halves, nets, strict=True):
    X_known, is_known = X[np.isin(y, known)], np.isin(y_test, known)
    for name, score in make_scores(net, X_known).items():
        train, test = score(X_known), score(X_test)
        limit = np.quantile(test[is_known & is_other], 0.05)
        right, wrong = test[is_known & ~is_other], test[~is_known & ~is_other]
        results.setdefault(name, []).append(
            (
                roc_auc_score(is_known[~is_other], test[~is_other]),
                (wrong < limit).mean(),
                (right < limit).mean(),
                (right < np.quantile(train, 0.05)).mean(),
            )
        )

titles = "AUROC", "unknown found", "false alarms", "by training"
print("\n" + 28 * " " + "".join(f"{title:>15}" for title in titles))
for name, values in results.items():
    print_row(name, values)

# %%
# On these shapes the features find more unknown signals than the probability does, and
# many still pass: a shape that the net was not trained on may look to it like one that
# it knows. No detector wins everywhere. Try them on classes of your own that you leave
# out of the training.

fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (name, values), color in zip(
    accuracy.items(), ["tab:blue", "tab:orange"], strict=True
):
    mean, spread = np.mean(values, axis=0), np.std(values, axis=0)
    left.errorbar(n_shots, mean, spread, fmt="o-", color=color, label=name, capsize=3)
left.axhline(1 / 4, color="k", lw=0.8, ls=":")
left.text(1, 1 / 4, "chance", fontsize="small", va="bottom")
left.set(xscale="log", ylim=(0, 1), xlabel="examples of each new class")
left.set(ylabel="accuracy", title="Four classes that the net has never seen")
left.set_xticks(n_shots, n_shots)
left.set_xticks([], minor=True)
left.legend(loc="lower right", fontsize="small")
place = np.arange(len(results))
for column, (label, color) in enumerate(
    [("AUROC", "0.7"), ("found at 5 % false alarms", "tab:blue")]
):
    values = np.array([np.array(v)[:, column] for v in results.values()])
    right.bar(
        place + 0.4 * column - 0.2,
        values.mean(axis=1),
        0.38,
        yerr=values.std(axis=1),
        color=color,
        capsize=3,
        label=label,
    )
right.set_xticks(place, [name.replace(" ", "\n", 1) for name in results])
right.set(ylim=(0, 1.25), yticks=[0, 0.5, 1], title="Signals of no known class")
right.legend(loc="upper center", ncols=2, fontsize="small")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)

if len(sys.argv) > 1:
    fig.savefig(sys.argv[1], dpi=120)
    print(f"The figure is in {sys.argv[1]}.")
plt.show()

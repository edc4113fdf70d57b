"""The probabilities of fitted classifiers in an ONNX graph."""

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from sk_psd._net_classifier import NetClassifier
from sk_psd.classification import SpectrogramCNNClassifier
from sk_psd.export._graph import average_samples, concatenate, stack_samples
from sk_psd.export._nets import add_net
from sk_psd.export._rolls import canonical_roll
from sk_psd.export._steps import add_steps, check_shape, list_steps, unsupported
from sk_psd.feature_classifier import InvariantFeaturesClassifier
from sk_psd.spectral import Spectrogram, WelchPSD

__all__ = ["add_classifier"]


def add_classifier(classifier, x, name):
    """Compute the probabilities of a fitted classifier.

    Parameters
    ----------
    classifier : classifier
        Or a Pipeline.

    x : Value of shape ([n_channels,] n_freqs[, n_frames])

    name : str
        Name of the step, for messages.

    Returns
    -------
    proba : float64 Value of shape (n_classes,)

    Raises
    ------
    ValueError
        If ONNX cannot express the classifier, or if it expects another shape.
    """
    for kinds, add in _ADDERS:
        if isinstance(classifier, kinds):
            return add(classifier, x, name)
    raise unsupported(name, classifier)


def _add_pipeline(pipeline, x, name):
    *steps, (last_name, classifier) = list_steps(pipeline)
    for key, step in steps:
        if isinstance(step, (WelchPSD, Spectrogram)):
            raise ValueError(
                f"The step {key!r} ({type(step).__name__}) lies inside of {name!r}, "
                "where to_onnx cannot tell real from complex signals. Put it before: "
                "make_pipeline(WelchPSD(...), VotingClassifier(...))."
            )
    return add_classifier(classifier, add_steps(steps, x), last_name)


def _add_net_classifier(classifier, x, name):
    """Standardize, align, and average the probabilities of all rolls."""
    if isinstance(classifier, SpectrogramCNNClassifier):
        x = x.reshape(*x.shape, 1) if len(x.shape) == 1 else x
        x = x.reshape(1, *x.shape) if len(x.shape) == 2 else x
        sizes = classifier.n_features_in_, classifier.n_frames_
    else:
        x = x.reshape(1, *x.shape) if len(x.shape) == 1 else x
        sizes = (classifier.n_features_in_,)
    check_shape(name, classifier, x.shape, (classifier.n_channels_, *sizes))
    if not 1e-30 < classifier.scale_ < 1e30:  # as in sk_psd._standardize
        x = x.cast(np.float64)
    x = ((x - classifier.mean_) / classifier.scale_).cast(np.float32)
    rolls = [0]
    if classifier._is_exact:
        x = canonical_roll(x)
        rolls = classifier._choose_rolls()
    # All rolls pass through the net as one batch.
    rolled = stack_samples([x.roll(roll) for roll in rolls])
    logits = add_net(classifier.module_, rolled).cast(np.float64)
    proba = logits.map("Sigmoid") if classifier._is_multilabel else logits.softmax()
    return average_samples(proba, len(rolls))


def _add_features_classifier(classifier, x, name):
    """Compute the features, standardize them and pass them to the inner classifier."""
    steps = [
        (f"{name}.features_", classifier.features_),
        (f"{name}.scaler_", classifier.scaler_),
    ]
    x = add_steps(steps, x)
    return add_classifier(classifier.classifier_, x, f"{name}.classifier_")


def _add_linear(classifier, x, name):
    """Compute the probabilities of a logistic regression or a linear discriminant."""
    n_classes, n = len(classifier.classes_), classifier.coef_.shape[1]
    check_shape(name, classifier, x.shape, (n,))
    one_against_rest = getattr(classifier, "solver", None) == "liblinear"
    if one_against_rest and n_classes > 2:
        raise ValueError(
            f"The step {name!r} is a LogisticRegression of {n_classes} classes with "
            "solver='liblinear', which cannot be exported. Use another solver."
        )
    scores = x.cast(np.float64).matmul(classifier.coef_.T) + classifier.intercept_
    if n_classes > 2:
        return scores.softmax()
    # One score: that of the second class.
    return concatenate([scores * -1, scores]).map("Sigmoid")


def _add_vote(classifier, x, name):
    """Average the probabilities of the classifiers of a VotingClassifier."""
    if classifier.voting != "soft":
        raise ValueError(
            f"The step {name!r} is a VotingClassifier with voting="
            f"{classifier.voting!r}, which has no probabilities. Use voting='soft'."
        )
    names = [key for key, voter in classifier.estimators if voter != "drop"]
    weights = classifier._weights_not_none
    weights = np.ones(len(names)) if weights is None else np.array(weights, float)
    parts = [
        add_classifier(voter, x, f"{name}.{key}") * weight
        for key, voter, weight in zip(
            names, classifier.estimators_, weights / weights.sum(), strict=True
        )
    ]
    return sum(parts[1:], parts[0])


_ADDERS = [
    (Pipeline, _add_pipeline),
    (NetClassifier, _add_net_classifier),
    (InvariantFeaturesClassifier, _add_features_classifier),
    ((LogisticRegression, LinearDiscriminantAnalysis), _add_linear),
    (VotingClassifier, _add_vote),
]

"""Set a part of the training data aside for validation, stratified by the classes."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from sk_psd._row_view import select_rows

__all__ = ["set_aside", "set_aside_by_rarest"]


def set_aside(data, fraction, random_state):
    """Split data into a training and a validation part.

    Parameters
    ----------
    data : tuple of (X, codes, weights)
        Arrays, or Tensors, of as many samples. X may be a RowView. `codes` are those of
        the classes.

    fraction : float
        Part of the samples to set aside, between 0 and 1.

    random_state : int
        Seed of the split.

    Returns
    -------
    train, valid : tuple of (X, codes, weights)
        The only sample of a class is always for training. Parts of a mapped file are
        RowViews.

    Raises
    ------
    ValueError
        If a part would have fewer samples than there are classes.
    """
    codes = data[1]
    is_single = np.bincount(codes)[codes] == 1
    others = np.flatnonzero(~is_single)
    try:
        train, valid = train_test_split(
            others,
            test_size=float(fraction),
            stratify=codes[others],
            random_state=random_state,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping cannot set aside validation_fraction (={fraction}) of "
            f"the {len(others)} samples whose class has two or more. Change it, or "
            f"pass X_val and y_val. {error}"
        ) from error
    train = np.concatenate([train, np.flatnonzero(is_single)])
    return tuple(tuple(select_rows(a, part) for a in data) for part in (train, valid))


def set_aside_by_rarest(data, fraction, random_state):
    """Split data with several labels for each sample.

    The samples are shuffled, then sorted by the rarest label of each sample. Validation
    samples are taken from this list at equal distances. So both parts have nearly the
    same share of each label. A split stratified by the sets of labels would fail,
    because many sets occur only once.

    Parameters
    ----------
    data : tuple of (X, indicators, weights)
        Arrays, or Tensors, of as many samples. X may be a RowView. `indicators` are of
        shape (n_samples, n_classes).

    fraction : float
        Part of the samples to set aside, between 0 and 1.

    random_state : int
        Seed of the order.

    Returns
    -------
    train, valid : tuple of (X, indicators, weights)
        The only sample of a label is always for training. Parts of a mapped file are
        RowViews.

    Raises
    ------
    ValueError
        If no sample can be set aside.
    """
    has_label = data[1] > 0.5
    counts = has_label.sum(axis=0)
    # The number of samples with each label of a sample, infinite for absent labels.
    rarity = np.where(has_label, counts, np.inf)
    rarest = np.where(has_label.any(axis=1), rarity.argmin(axis=1), len(counts))
    order = check_random_state(random_state).permutation(len(has_label))
    order = order[np.argsort(rarest[order], kind="stable")]
    is_single = rarity.min(axis=1) == 1
    others = order[~is_single[order]]
    n_valid = int(np.ceil(float(fraction) * len(others)))
    if not 0 < n_valid < len(others):
        raise ValueError(
            f"early_stopping cannot set aside validation_fraction (={fraction}) of "
            f"the {len(others)} samples without a label that occurs once. Change it, "
            "or pass X_val and y_val."
        )
    places = ((np.arange(n_valid) + 0.5) * len(others) / n_valid).astype(int)
    valid = others[places]
    train = np.setdiff1d(np.arange(len(has_label)), valid)
    return tuple(tuple(select_rows(a, part) for a in data) for part in (train, valid))

"""Set a stratified part of the training data aside for validation."""

import numpy as np
from sklearn.model_selection import train_test_split

__all__ = ["set_aside"]


def set_aside(data, fraction, random_state):
    """Split data into a training and a validation part.

    Parameters
    ----------
    data : tuple of (X, codes, weights)
        Arrays, or tensors, of as many samples. `codes` are those of the classes.

    fraction : float
        Part of the samples to set aside, between 0 and 1.

    random_state : int
        Seed of the split.

    Returns
    -------
    train, valid : tuple of (X, codes, weights)
        The only sample of a class is always for training.

    Raises
    ------
    ValueError
        If a part would lack a class.
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
            f"{len(others)} samples. Change it, or pass X_val and y_val. {error}"
        ) from error
    train = np.concatenate([train, np.flatnonzero(is_single)])
    return tuple(tuple(values[part] for values in data) for part in (train, valid))

"""Votes whose truth is known: functions of planted accuracy that err independently."""

import numpy as np

from nacre.data import Classes
from nacre.labeling import LabelMatrix


def planted_votes(n=300, m=6, k=3, *, coverage=0.4, accuracy=(0.6, 0.9), balance=None, is_unipolar=False, seed=0):
    """Return dense votes [n, m], the truth [n] and the accuracy of each function [m].

    An unipolar function votes for one class: always on its own coverage of that class, less often elsewhere.
    """
    rng = np.random.default_rng(seed)
    y = rng.choice(k, size=n, p=balance).astype(np.int16)
    accuracies = rng.uniform(*accuracy, size=m)
    votes = np.full((n, m), -1, dtype=np.int16)
    for j in range(m):
        is_right = rng.random(n) < accuracies[j]
        answer = np.where(is_right, y, (y + rng.integers(1, k, size=n)) % k)
        votes[:, j] = np.where(rng.random(n) < coverage, answer, -1)
        if is_unipolar:
            votes[votes[:, j] != j % k, j] = -1
    return votes, y, accuracies


def matrix(votes, k=3, **arguments):
    """Return a label matrix of dense votes on the classes a, b, c, ..."""
    return LabelMatrix.from_dense(votes, classes(k), **arguments)


def classes(k=3):
    return Classes(tuple("abcdefghijklmnopqrstuvwxyz"[:k]))

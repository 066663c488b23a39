"""Logistic regression by FTRL-Proximal in one process and in numpy: what a cluster's result is
held against.

McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013; here with the mean
gradient of a batch as one step.
"""

import numpy as np
from clicks import NUMBERS, batches, quality, sums_by_key


class Ftrl:
    """Weights of the numbers, of the bias, then of the categories."""

    def __init__(self, categories, alpha, beta, l1, l2):
        self.alpha, self.beta, self.l1, self.l2 = alpha, beta, l1, l2
        self.z, self.n, self.w = np.zeros((3, NUMBERS + 1 + categories))

    def logits(self, numbers, categories):
        w = self.w
        return (numbers @ w[:NUMBERS] + w[NUMBERS]
                + w[categories + NUMBERS + 1].sum(axis=1))

    def step(self, labels, numbers, categories):
        error = (1 / (1 + np.exp(-self.logits(numbers, categories))) - labels) / len(labels)
        keys, places = np.unique(categories, return_inverse=True)
        each = np.repeat(error, categories.shape[1])[:, None]
        self.update(np.concatenate([np.arange(NUMBERS + 1), keys + NUMBERS + 1]),
                    np.concatenate([error @ numbers, [error.sum()],
                                    sums_by_key(places.ravel(), each, len(keys))[:, 0]]))

    def update(self, keys, g):
        n, w = self.n[keys], self.w[keys]
        grown = n + g * g
        sigma = (np.sqrt(grown) - np.sqrt(n)) / self.alpha
        z = self.z[keys] + g - sigma * w
        self.z[keys], self.n[keys] = z, grown
        rate = (self.beta + np.sqrt(grown)) / self.alpha + self.l2
        self.w[keys] = np.where(np.abs(z) <= self.l1, 0, -(z - np.sign(z) * self.l1) / rate)

    def quality(self, records):
        """Log loss and AUC."""
        labels, numbers, categories = records
        return quality(labels, self.logits(numbers, categories))


def train(records, categories, epochs, batch, alpha, beta, l1, l2, seed=1):
    """A model of so many categories after so many passes, each in a new order."""
    model = Ftrl(categories, alpha, beta, l1, l2)
    for part in batches(records, epochs, batch, seed):
        model.step(*part)
    return model

"""Click logs in Criteo's form for references in numpy, which share nothing with the product:
categories are numbered in the order of their first coming, not hashed."""

import array

import numpy as np

NUMBERS = 13
CATEGORIES = 26


class Reader:
    """The same category has the same number in all files that it reads."""

    def __init__(self):
        self.numbered = {}

    def read(self, path):
        """Labels [n], numbers [n, 13], logarithms as format criteo has them, and categories
        [n, 26]; an empty number is 0, an empty category one of its own."""
        labels, numbers, categories = array.array("f"), array.array("d"), array.array("i")
        with open(path, encoding="ascii") as lines:
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                labels.append(float(fields[0]))
                numbers.extend(float(text or 0) for text in fields[1:14])
                categories.extend(self.numbered.setdefault((i, text), len(self.numbered))
                                  for i, text in enumerate(fields[14:]))
        x = np.array(numbers).reshape(-1, NUMBERS)
        return (np.array(labels), (np.sign(x) * np.log1p(np.abs(x))).astype(np.float32),
                np.array(categories).reshape(-1, CATEGORIES))


def batches(records, epochs, batch, seed):
    """Parts of `records` of so many rows, in a new order in each pass."""
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(records[0]))
        for start in range(0, len(order), batch):
            yield [part[order[start:start + batch]] for part in records]


def sums_by_key(keys, values, count):
    """[count, width]: sums of the rows of `values` [n, width] by `keys` [n]."""
    return np.stack([np.bincount(keys, column, count) for column in values.T],
                    axis=1).astype(np.float32)


def quality(labels, z):
    """Log loss and AUC of the logits `z`."""
    z = z.astype(np.float64)
    losses = np.logaddexp(0, z) - labels * z
    _, places, counts = np.unique(z, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    clicks = labels.sum(dtype=np.float64)
    auc = ((ranks[labels == 1].sum() - clicks * (clicks + 1) / 2)
           / (clicks * (len(z) - clicks)))
    return losses.mean(), auc

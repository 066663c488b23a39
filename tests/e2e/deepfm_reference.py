"""DeepFM in one process and in numpy: what a cluster's result is held against. Gradients
are written down here; vectors and weights take AdaGrad's steps, all else Adam's.

Guo et al., "DeepFM: a factorization-machine based neural network for CTR prediction", IJCAI
2017.
"""

import numpy as np
from clicks import NUMBERS, batches, quality, sums_by_key


class AdaGrad:
    def __init__(self, rate, epsilon):
        self.rate, self.epsilon = rate, epsilon

    def start(self, values):
        return np.zeros_like(values)

    def step(self, values, squares, keys, gradient):
        """One step of the rows `keys`."""
        squares[keys] += gradient * gradient
        values[keys] -= self.rate * gradient / (np.sqrt(squares[keys]) + self.epsilon)


class Adam:
    def __init__(self, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon

    def start(self, values):
        return [np.zeros_like(values), np.zeros_like(values), 0]

    def step(self, values, state, gradient):
        m, v, t = state
        t += 1
        m += (1 - self.beta1) * (gradient - m)
        v += (1 - self.beta2) * (gradient * gradient - v)
        values -= (self.rate * (m / (1 - self.beta1 ** t))
                   / (np.sqrt(v / (1 - self.beta2 ** t)) + self.epsilon)).astype(np.float32)
        state[2] = t


class DeepFm:
    def __init__(self, keys, fields, factors, hidden, spread, sparse, dense, seed=1):
        """`spread`: standard deviation of the vectors' initial values."""
        random = np.random.default_rng(seed)
        self.factors, self.sparse, self.dense = factors, sparse, dense
        self.vectors = random.normal(0, spread, (keys, factors)).astype(np.float32)
        self.weights = np.zeros((keys, 1), np.float32)
        self.vector_state = sparse.start(self.vectors)
        self.weight_state = sparse.start(self.weights)
        widths = [fields * factors + NUMBERS, *hidden, 1]
        self.parameters = [np.zeros(NUMBERS, np.float32)]
        for inputs, outputs in zip(widths, widths[1:]):
            he = random.normal(0, np.sqrt(2 / inputs), (inputs, outputs))
            self.parameters += [he.astype(np.float32), np.zeros(outputs, np.float32)]
        self.states = [dense.start(values) for values in self.parameters]

    def forward(self, numbers, categories):
        """z [n], and what backward needs: the layers' inputs, vectors and their sums."""
        vectors = self.vectors[categories]
        total = vectors.sum(axis=1)
        z = self.weights[categories, 0].sum(axis=1) + numbers @ self.parameters[0]
        z += 0.5 * (total ** 2 - (vectors ** 2).sum(axis=1)).sum(axis=1)
        inputs = [np.concatenate([vectors.reshape(len(vectors), -1), numbers], axis=1)]
        for weight, bias in zip(self.parameters[1:-2:2], self.parameters[2:-2:2]):
            inputs.append(np.maximum(inputs[-1] @ weight + bias, 0))
        z += (inputs[-1] @ self.parameters[-2] + self.parameters[-1])[:, 0]
        return z, (inputs, vectors, total)

    def step(self, labels, numbers, categories):
        z, (inputs, vectors, total) = self.forward(numbers, categories)
        dz = ((1 / (1 + np.exp(-z)) - labels) / len(labels)).astype(np.float32)
        gradients = [None] * len(self.parameters)
        gradients[0] = numbers.T @ dz
        below = dz[:, None]
        for layer in range(len(inputs) - 1, -1, -1):
            gradients[1 + 2 * layer] = inputs[layer].T @ below
            gradients[2 + 2 * layer] = below.sum(axis=0)
            below = below @ self.parameters[1 + 2 * layer].T
            if layer > 0:
                below *= inputs[layer] > 0
        dv = below[:, :-NUMBERS].reshape(vectors.shape)
        dv = dv + dz[:, None, None] * (total[:, None, :] - vectors)

        keys, places = np.unique(categories, return_inverse=True)
        places = places.ravel()
        self.sparse.step(self.vectors, self.vector_state, keys,
                         sums_by_key(places, dv.reshape(-1, self.factors), len(keys)))
        each = np.repeat(dz, categories.shape[1])[:, None]
        self.sparse.step(self.weights, self.weight_state, keys,
                         sums_by_key(places, each, len(keys)))
        for values, state, gradient in zip(self.parameters, self.states, gradients):
            self.dense.step(values, state, gradient)

    def train(self, records, epochs, batch, seed=1):
        """So many passes, each in a new order."""
        for part in batches(records, epochs, batch, seed):
            self.step(*part)

    def quality(self, records):
        """Log loss and AUC."""
        labels, *inputs = records
        z = [self.forward(*(part[i:i + 4096] for part in inputs))[0]
             for i in range(0, len(labels), 4096)]
        return quality(labels, np.concatenate(z))

"""Layers for several seeds side by side: the first axis of every array is the seed, so that a game
is played with all of them in the time of little more than one."""

import math

import minigen as mg
from minigen.layers import BatchNorm, Layer


class Dense(Layer):
    """A dense layer for each seed: (seeds, m, inputs) -> (seeds, m, outputs)"""

    def __init__(self, seeds, inputs, outputs):
        bound = 1 / math.sqrt(inputs)
        weight = mg.random.uniform(-bound, bound, (seeds, inputs, outputs))
        bias = mg.random.uniform(-bound, bound, (seeds, 1, outputs))
        self.weight = mg.tensor(weight, requires_grad=True)
        self.bias = mg.tensor(bias, requires_grad=True)

    def forward(self, x):
        return x @ self.weight + self.bias


class Normalise(Layer):
    """Batch normalisation for each seed: (seeds, m, features) -> the same"""

    def __init__(self, seeds, features):
        self.norm = BatchNorm(seeds * features)

    def forward(self, x):
        rows = x.transpose(1, 0, 2)                             # (m, seeds, features)
        return self.norm(rows.reshape(len(rows), -1)).reshape(*rows.shape).transpose(1, 0, 2)

"""Layers: parameters, and the operation of functional that uses them.

A list of names; skim it. Read next: initialisers.py.
"""

from . import initialisers
from .layer import Layer, Sequential
from .normalization import BatchNorm, InstanceNorm
from .stateless import (AvgPool2d, Dropout, Flatten, LeakyReLU, MaxPool2d, ReLU, Reshape, Sigmoid,
                        Softplus, Tanh, Upsample)
from .weighted import (Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d,
                       Dense, Embedding)

__all__ = ["AvgPool2d", "BatchNorm", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d",
           "ConvTranspose2d", "ConvTranspose3d", "Dense", "Dropout", "Embedding", "Flatten",
           "InstanceNorm", "Layer", "LeakyReLU", "MaxPool2d", "ReLU", "Reshape", "Sequential",
           "Sigmoid", "Softplus", "Tanh", "Upsample", "initialisers"]

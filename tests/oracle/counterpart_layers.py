"""Every layer and optimizer of minigen beside PyTorch's, and two small DCGAN networks in both.

A layer is `(class name, arguments, options, torch's module, shape of the input)`; an optimizer
`(class name, torch's class, options of both)`. Read next: test_torch_layers.py and
test_torch_optim.py.
"""

import contextlib

import numpy as np
import torch
from torch import nn

import minigen as mg

LAYERS = [
    ("Dense", (5, 4), {}, lambda: nn.Linear(5, 4), (3, 5)),
    ("Dense", (5, 4), dict(bias=False), lambda: nn.Linear(5, 4, bias=False), (2, 3, 5)),
    ("Conv1d", (2, 3, 3), dict(stride=2, padding=1), lambda: nn.Conv1d(2, 3, 3, 2, 1), (2, 2, 7)),
    ("Conv2d", (2, 3, 4), dict(stride=2, padding=1),
     lambda: nn.Conv2d(2, 3, 4, 2, 1), (2, 2, 6, 8)),
    ("Conv2d", (2, 3, (3, 2)), dict(stride=(1, 2), padding=(0, 1), bias=False),
     lambda: nn.Conv2d(2, 3, (3, 2), (1, 2), (0, 1), bias=False), (2, 2, 5, 5)),
    ("Conv3d", (2, 2, 2), dict(stride=1, padding=1),
     lambda: nn.Conv3d(2, 2, 2, 1, 1), (1, 2, 3, 2, 3)),
    ("ConvTranspose1d", (3, 2, 3), dict(stride=2, padding=1),
     lambda: nn.ConvTranspose1d(3, 2, 3, 2, 1), (2, 3, 4)),
    ("ConvTranspose2d", (3, 2, 4), dict(stride=2, padding=1),
     lambda: nn.ConvTranspose2d(3, 2, 4, 2, 1), (2, 3, 3, 3)),
    ("ConvTranspose2d", (3, 2, 3), dict(stride=2, padding=1, output_padding=1, bias=False),
     lambda: nn.ConvTranspose2d(3, 2, 3, 2, 1, 1, bias=False), (2, 3, 3, 2)),
    ("ConvTranspose3d", (2, 2, 2), dict(stride=2),
     lambda: nn.ConvTranspose3d(2, 2, 2, 2), (1, 2, 2, 2, 1)),
    ("BatchNorm", (3,), {}, lambda: nn.BatchNorm1d(3), (5, 3)),
    ("BatchNorm", (3,), dict(momentum=0.3, eps=1e-3),
     lambda: nn.BatchNorm2d(3, momentum=0.3, eps=1e-3), (2, 3, 2, 3)),
    ("InstanceNorm", (3,), {}, lambda: nn.InstanceNorm2d(3), (2, 3, 2, 3)),
    ("Embedding", (6, 3), {}, lambda: nn.Embedding(6, 3), np.array([[0, 5, 2], [2, 2, 1]])),
    ("ReLU", (), {}, nn.ReLU, (3, 4)), ("Sigmoid", (), {}, nn.Sigmoid, (3, 4)),
    ("Tanh", (), {}, nn.Tanh, (3, 4)),
    ("LeakyReLU", (0.2,), {}, lambda: nn.LeakyReLU(0.2), (3, 4)),
    ("Softplus", (), {}, nn.Softplus, (3, 4)),
    ("Flatten", (), {}, nn.Flatten, (2, 3, 2)),
    ("Reshape", (3, 2, 1), {}, lambda: nn.Unflatten(1, (3, 2, 1)), (2, 6)),
    ("MaxPool2d", (2,), {}, lambda: nn.MaxPool2d(2), (2, 2, 4, 5)),
    ("AvgPool2d", (3, 2, 1), {}, lambda: nn.AvgPool2d(3, 2, 1), (2, 2, 4, 5)),
    ("Upsample", (2,), {}, lambda: nn.Upsample(scale_factor=2), (2, 2, 2, 3)),
]
# Dropout is random: test_torch_functional.py checks what does not depend on the mask. The others
# are not single layers.
NO_COUNTERPART = {"Dropout", "Sequential", "Layer", "initialisers"}

OPTIMIZERS = [(theirs.__name__, theirs, options) for theirs, options in [
    (torch.optim.SGD, dict(lr=0.1)),
    (torch.optim.SGD, dict(lr=0.05, momentum=0.9)),
    (torch.optim.SGD, dict(lr=0.05, momentum=0.9, nesterov=True)),
    (torch.optim.SGD, dict(lr=0.1, weight_decay=0.01)),
    (torch.optim.SGD, dict(lr=0.05, momentum=0.5, nesterov=True, weight_decay=0.1)),
    (torch.optim.RMSprop, dict(lr=0.01)),
    (torch.optim.RMSprop, dict(lr=0.001, alpha=0.9, eps=1e-3)),
    (torch.optim.RMSprop, dict(lr=0.01, weight_decay=0.1)),
    (torch.optim.Adam, dict(lr=0.001)),
    (torch.optim.Adam, dict(lr=0.0002, betas=(0.5, 0.999))),
    (torch.optim.Adam, dict(lr=0.01, betas=(0.0, 0.9), eps=1e-3)),
    (torch.optim.Adam, dict(lr=0.001, weight_decay=0.1)),
]]


def label(entry):
    """A test's name: Conv2d-stride2-padding1."""
    options = [f"{name}{value}" for name, value in entry[2].items()]
    return "-".join([entry[0], *options]).replace(" ", "")


def arrays(module):
    """A module's state dict as NumPy arrays, as they would be saved."""
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


@contextlib.contextmanager
def default_dtype(dtype):
    """Both libraries make new parameters in `dtype`."""
    before = torch.get_default_dtype()
    mg.set_default_dtype(dtype)
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        mg.set_default_dtype("float32")
        torch.set_default_dtype(before)


def both(ours, theirs):
    """The pair, ours with the weights of theirs."""
    ours.load_state_dict(arrays(theirs))
    return ours, theirs


def generator():
    """Noise (m, 6) to images (m, 1, 8, 8), as in DCGAN: transposed convolutions, batch
    normalisation, ReLU, tanh."""
    L = mg.layers
    return both(
        L.Sequential(
            L.Dense(6, 32, bias=False), L.Reshape(8, 2, 2), L.BatchNorm(8), L.ReLU(),
            L.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False), L.BatchNorm(4), L.ReLU(),
            L.ConvTranspose2d(4, 1, 4, stride=2, padding=1), L.Tanh()),
        nn.Sequential(
            nn.Linear(6, 32, bias=False), nn.Unflatten(1, (8, 2, 2)), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
            nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()))


def discriminator():
    """Images (m, 1, 8, 8) to logits (m, 1): strided convolutions, batch normalisation, leaky
    ReLU."""
    L = mg.layers
    return both(
        L.Sequential(
            L.Conv2d(1, 4, 4, stride=2, padding=1), L.LeakyReLU(0.2),
            L.Conv2d(4, 8, 4, stride=2, padding=1, bias=False), L.BatchNorm(8), L.LeakyReLU(0.2),
            L.Flatten(), L.Dense(32, 1)),
        nn.Sequential(
            nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(4, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Linear(32, 1)))

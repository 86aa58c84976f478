"""Inputs that no random draw gives: corners, ties, and logits of ten thousand, each as (operation,
inputs, options)."""

import numpy as np

CORNER = np.array([0.0, -0.0, 1.0, -1.0, 2.0])
OTHER = np.array([0.0, 0.0, 1.0, 2.0, 1.0])
TIED = np.array([[1.0, 3.0, 3.0], [3.0, 2.0, 3.0]])
TIED_IMAGE = np.random.default_rng(0).integers(-3, 0, (2, 2, 6, 6)).astype(float)

CORNERS = [
    ("relu", [CORNER], {}), ("abs", [CORNER], {}),
    ("leaky_relu", [CORNER], dict(negative_slope=0.2)),
    ("leaky_relu", [CORNER], dict(negative_slope=1.5)),
    ("l1_loss", [CORNER, OTHER], dict(reduction="mean")),
    ("maximum", [CORNER, OTHER], {}), ("minimum", [CORNER, OTHER], {}),
    ("max", [TIED], dict(axis=1, keepdims=False)), ("max", [TIED], dict(axis=None, keepdims=False)),
    ("min", [-TIED], dict(axis=0, keepdims=True)),
    ("min", [-TIED], dict(axis=(0, 1), keepdims=False)),
    ("clip", [CORNER], dict(a_min=0.0, a_max=1.0)),
    ("clip", [CORNER], dict(a_min=-1.0, a_max=None)),
    ("max_pool2d", [TIED_IMAGE], dict(kernel_size=3, stride=1, padding=1)),
    ("max_pool2d", [TIED_IMAGE], dict(kernel_size=2, stride=None, padding=0)),
    ("power", [CORNER, 2], {}), ("power", [CORNER, 1.0], {}),
    ("power", [CORNER, 0], {}), ("power", [CORNER, 3.0], {}),
    ("batch_norm", [np.ones((4, 2))], dict(running_mean=None, running_var=None, training=True)),
    ("layer_norm", [np.ones((4, 2))], dict(normalized_shape=(2,))),
]

LOGITS = np.array([[1e4, -1e4, 0.5, 1.0], [1e4, 1e4, -1e4, -1e4], [-1e4, -1e4, -1e4, -1e4 - 1]])
TARGETS = np.array([[1.0, 0.0, 0.5, 0.2], [0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.5, 0.2]])

EXTREMES = [
    *[(name, [LOGITS], {}) for name in ("softplus", "logsigmoid", "sigmoid", "tanh", "relu")],
    *[(name, [LOGITS], dict(dim=dim)) for name in ("softmax", "log_softmax") for dim in (0, 1)],
    ("logsumexp", [LOGITS], dict(axis=1, keepdims=False)),
    *[("binary_cross_entropy_with_logits", [LOGITS, TARGETS], dict(reduction=r))
      for r in ("mean", "none")],
    ("cross_entropy", [LOGITS, np.array([1, 0, 3])], dict(reduction="sum")),
]

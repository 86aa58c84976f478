"""Shapes nobody thought of: Hypothesis draws them, and what must hold for every shape is checked.

Broadcasting and reductions against NumPy, with the gradient counted element by element; convolution
against the formula of its size and the identity that defines its transpose, ⟨conv(x), y⟩ = ⟨x,
conv_transpose(y)⟩; what only moves elements against its way back. The examples are the same in
every run (derandomize).
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigen as mg

F = mg.functional
few = settings(derandomize=True, deadline=None, max_examples=60, database=None)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
full_shapes = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def some(shape, seed=0):
    """Distinct numbers of `shape` between 0.5 and 1.5, in a random order."""
    n = math.prod(shape)
    return (np.random.default_rng(seed).permutation(n) / max(n, 1) + 0.5).reshape(shape)


def leaf(shape, seed=0):
    return mg.tensor(some(shape, seed), requires_grad=True)


def counted(contributions, x):
    """Each element of x gets the contributions of all its copies, added up by its flat position."""
    places = np.broadcast_to(np.arange(x.size).reshape(x.shape), contributions.shape)
    return np.bincount(places.ravel(), contributions.ravel(), minlength=x.size).reshape(x.shape)


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, min_side=1, max_side=4))
def test_broadcasting_and_its_undoing(drawn):
    x, y = leaf(drawn.input_shapes[0], 1), leaf(drawn.input_shapes[1], 2)
    a, b, g = x.data, y.data, some(drawn.result_shape, 3)
    slopes = {      # ∂/∂x and ∂/∂y of each element of the result
        "add": (1, 1), "subtract": (1, -1), "multiply": (b, a), "divide": (1 / b, -a / b ** 2),
        "maximum": ((a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b)),
        "power": (b * a ** (b - 1), a ** b * np.log(a)),
    }
    for name, (by_x, by_y) in slopes.items():
        result = getattr(F, name)(x, y)
        assert result.shape == drawn.result_shape
        expected = getattr(np, name)(a, b)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-14, err_msg=name)
        gx, gy = mg.grad(result, [x, y], g)
        np.testing.assert_allclose(gx.numpy(), counted(g * by_x, x), rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(gy.numpy(), counted(g * by_y, y), rtol=1e-12, err_msg=name)


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=4))
def test_broadcast_to_is_numpys_and_its_gradient_counts_the_copies(drawn):
    x, g = leaf(drawn.input_shapes[0]), some(drawn.result_shape, 1)
    y = F.broadcast_to(x, drawn.result_shape)
    np.testing.assert_array_equal(y.numpy(), np.broadcast_to(x.numpy(), drawn.result_shape))
    np.testing.assert_allclose(mg.grad(y, x, g)[0].numpy(), counted(g, x), rtol=1e-14)


AXES = {
    "all": lambda dimensions: st.none(),
    "one": lambda dimensions: st.integers(-dimensions, dimensions - 1),
    "several": lambda dimensions: hnp.valid_tuple_axes(dimensions, min_size=1),
}


@pytest.mark.parametrize("kind", AXES)
@few
@given(full_shapes, st.data())
def test_reductions_over_any_axes(kind, shape, data):
    axis = data.draw(AXES[kind](len(shape)))
    keepdims = data.draw(st.booleans())
    x = leaf(shape)
    a, options = x.data, dict(axis=axis, keepdims=keepdims)
    kept = dict(axis=axis, keepdims=True)
    n = a.size // a.sum(**kept).size
    slopes = {
        "sum": 1, "mean": 1 / n, "var": 2 * (a - a.mean(**kept)) / n,
        "max": a == a.max(**kept), "min": a == a.min(**kept),
    }
    for name, slope in slopes.items():
        y = getattr(F, name)(x, **options)
        expected = getattr(np, name)(a, **options)
        assert y.shape == np.shape(expected) and y.dtype == a.dtype
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12, atol=1e-15, err_msg=name)
        g = some(y.shape, 1)
        gradient = np.broadcast_to(g.reshape(a.sum(**kept).shape) * slope, shape)
        found = mg.grad(y, x, g)[0].numpy()
        np.testing.assert_allclose(found, gradient, rtol=1e-11, atol=1e-15, err_msg=name)


@st.composite
def geometries(draw):
    """(size, kernel, stride, padding) on one to three axes, with a kernel that fits."""
    axes = range(draw(st.integers(1, 3)))
    kernel = tuple(draw(st.integers(1, 4)) for _ in axes)
    stride = tuple(draw(st.integers(1, 3)) for _ in axes)
    padding = tuple(draw(st.integers(0, 2)) for _ in axes)
    size = tuple(draw(st.integers(max(1, k - 2 * p), k + 4)) for k, p in zip(kernel, padding))
    return size, kernel, stride, padding


@few
@given(geometries(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_convolution_size_and_adjoint(geometry, images, inputs, outputs):
    size, kernel, stride, padding = geometry
    conv = getattr(F, f"conv{len(size)}d")
    conv_transpose = getattr(F, f"conv_transpose{len(size)}d")
    rng = np.random.default_rng(0)
    x = rng.standard_normal((images, inputs, *size))
    weight = rng.standard_normal((outputs, inputs, *kernel))
    forward = conv(x, weight, stride=stride, padding=padding)
    positions = [(s + 2 * p - k) // t + 1 for s, k, t, p in zip(size, kernel, stride, padding)]
    assert forward.shape == (images, outputs, *positions)
    y = rng.standard_normal(forward.shape)
    left_over = tuple((s + 2 * p - k) % t for s, k, t, p in zip(size, kernel, stride, padding))
    back = conv_transpose(y, weight, stride=stride, padding=padding, output_padding=left_over)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(forward, y), np.vdot(x, back), rtol=1e-10, atol=1e-10)


@few
@given(shapes, st.data())
def test_what_only_moves_elements_moves_its_gradient_back(shape, data):
    """Each result holds the elements of x, so with g = the result itself the gradient is x."""
    x = leaf(shape)
    a = x.numpy()
    axes = tuple(data.draw(st.permutations(range(len(shape)))))
    moved = {
        "transpose": (F.transpose(x, axes), a.transpose(axes)), "T": (x.T, a.T),
        "reshape": (F.reshape(x, shape[::-1]), a.reshape(shape[::-1])),
        "flatten": (x.flatten(), a.flatten()),
        "new axis": (x[..., None], a[..., None]), "stack": (F.stack([x], 0), a[None]),
    }
    for name, (y, expected) in moved.items():
        np.testing.assert_array_equal(y.numpy(), expected, err_msg=name)
        np.testing.assert_array_equal(mg.grad(y, x, y.numpy())[0].numpy(), a, err_msg=name)


@few
@given(full_shapes, st.data())
def test_concatenate_and_slices_are_inverses(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), max_size=3))
    before, after = shape[:axis % len(shape)], shape[axis % len(shape) + 1:]
    parts = [leaf(shape), *[leaf((*before, n, *after), n) for n in lengths]]
    y = F.concatenate(parts, axis)
    np.testing.assert_array_equal(y.numpy(), np.concatenate([p.numpy() for p in parts], axis))
    for part, found in zip(parts, mg.grad(y, parts, y.numpy())):
        np.testing.assert_array_equal(found.numpy(), part.numpy())


INDICES = {
    "slices, integers, new axes": lambda shape: hnp.basic_indices(shape, allow_newaxis=True),
    # they may name a place twice: both gradients count
    "integer arrays": hnp.integer_array_indices,
    "boolean arrays": lambda shape: hnp.arrays(bool, shape),
}


@pytest.mark.numpy_only("NumPy's add.at is the oracle")
@pytest.mark.parametrize("kind", INDICES)
@few
@given(full_shapes, st.data())
def test_indexing_is_numpys_and_scatter_is_its_adjoint(kind, shape, data):
    """⟨x[i], g⟩ = ⟨x, scatter(g, i)⟩, and what was taken twice gets both gradients."""
    index = data.draw(INDICES[kind](shape))
    x = leaf(shape)
    y = F.getitem(x, index)
    np.testing.assert_array_equal(y.numpy(), x.numpy()[index])
    g = some(y.shape, 1)
    gradient = mg.grad(y, x, g)[0].numpy()
    expected = np.zeros(shape)
    np.add.at(expected, index, g)
    np.testing.assert_allclose(gradient, expected, rtol=1e-14)
    np.testing.assert_allclose(np.vdot(y.numpy(), g),
                               np.vdot(x.numpy(), F.scatter(g, index, shape)), rtol=1e-12)

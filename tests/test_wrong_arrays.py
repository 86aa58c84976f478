"""Convolution, pooling and normalisation given lists, integers and Tensors where arrays are
meant."""

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F

IMAGE, KERNEL = np.ones((1, 1, 4, 4)), np.ones((1, 1, 2, 2))
WITH_FLOATS = {
    "conv2d": lambda x: F.conv2d(x, KERNEL),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x, KERNEL),
    "max_pool2d": lambda x: F.max_pool2d(x, 2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "instance_norm": F.instance_norm,
    "layer_norm": lambda x: F.layer_norm(x, 4),
}


@pytest.mark.parametrize("name", WITH_FLOATS)
def test_integers_are_named_with_the_cure(name):
    with pytest.raises(
            TypeError,
            match=rf'^{name}: got an input of int64 .*expected (floats|the weight).*astype'):
        WITH_FLOATS[name](IMAGE.astype(int))


@pytest.mark.parametrize("name", [*WITH_FLOATS, "avg_pool2d"])
def test_a_list_is_the_array_it_makes_and_anything_else_is_named(name):
    f = WITH_FLOATS.get(name, lambda x: F.avg_pool2d(x, 2))
    np.testing.assert_array_equal(f(IMAGE.tolist()), f(IMAGE))
    with pytest.raises(TypeError, match=rf"^{name}: got .*'image', expected a Tensor, an array"):
        f("image")


def test_weights_and_biases_may_be_lists_too():
    np.testing.assert_array_equal(F.conv2d(IMAGE, KERNEL.tolist(), [1.0]),
                                  F.conv2d(IMAGE, KERNEL, np.ones(1)))
    np.testing.assert_array_equal(F.conv_transpose2d(IMAGE, KERNEL.tolist(), [1.0]),
                                  F.conv_transpose2d(IMAGE, KERNEL, np.ones(1)))
    for norm, shape in ((F.batch_norm, (4, 2)), (F.instance_norm, (2, 2, 6))):
        x = np.random.default_rng(0).standard_normal(shape)
        more = {"running_mean": None, "running_var": None, "training": True}
        more = more if norm is F.batch_norm else {}
        np.testing.assert_array_equal(norm(x, weight=[1.0, 2.0], bias=[0.5, 0.0], **more),
                                      norm(x, weight=np.array([1.0, 2.0]), bias=np.array([0.5, 0]),
                                           **more))


def test_running_statistics_are_arrays_of_floats_since_they_are_written_to():
    x = np.arange(8.0).reshape(4, 2)
    for wrong in ([0.0, 0.0], np.zeros(2, int)):
        with pytest.raises(TypeError, match="^batch_norm: got .* running statistic, expected an"):
            F.batch_norm(x, wrong, np.ones(2), training=True)
    with pytest.raises(ValueError, match="got momentum None, expected a number from 0 to 1"):
        F.batch_norm(x, np.zeros(2), np.ones(2), training=True, momentum=None)
    with pytest.raises(TypeError, match=r"^layer_norm: got normalized_shape 5\.0"):
        F.layer_norm(x, 5.0)


def test_the_mean_of_integers_is_a_float_as_everywhere():
    assert F.avg_pool2d(IMAGE.astype(int), 2)[0, 0, 0, 0] == 1.0


def test_a_numpy_integer_is_an_integer():
    np.testing.assert_array_equal(F.layer_norm(IMAGE, np.int64(4)), F.layer_norm(IMAGE, 4))


@pytest.mark.parametrize("norm, x", [(F.batch_norm, np.arange(8.0).reshape(4, 2)),
                                     (F.instance_norm, np.arange(24.0).reshape(2, 2, 6))])
def test_running_statistics_that_are_tensors_are_updated_and_so_is_their_version(norm, x):
    arrays = [np.zeros(2), np.ones(2)]
    tensors = [mg.tensor(a) for a in arrays]
    more = {"training": True} if norm is F.batch_norm else {}
    norm(x, *arrays, **more)
    norm(x, *tensors, **more)
    for array, tensor in zip(arrays, tensors):
        np.testing.assert_array_equal(tensor.numpy(), array)
        assert tensor.version == 1
    assert arrays[0].any() and (arrays[1] != 1).all()
    more = {"training": False} if norm is F.batch_norm else {"use_input_stats": False}
    np.testing.assert_array_equal(norm(x, *tensors, **more), norm(x, *arrays, **more))

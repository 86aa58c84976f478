"""The rules of the strict stand-in for CuPy, one by one; and the names of the real package, if it
is installed, against the record.

The stand-in is a measuring device of other tests, so each rule has a case that breaks it. Cases are
lines of code over x, an array of the stand-in (2, 3), and a, the same array on the host. None of
this says anything about CUDA.
"""

import copy
import pickle
import sys

import numpy as np
import pytest
import strict_cupy
from strict_cupy import counts
from strict_cupy import module as cp

from minigen import backend

pytestmark = pytest.mark.host_arrays

as_strided, windows = cp.lib.stride_tricks.as_strided, cp.lib.stride_tricks.sliding_window_view


@pytest.fixture
def a():
    return np.arange(6, dtype="float32").reshape(2, 3)


@pytest.fixture
def x(a):
    return cp.asarray(a)


def cases(*lines):
    return pytest.mark.parametrize("line", lines)


def do(line, **names):
    exec(line, globals(), names)


def value(line, **names):
    return eval(line, globals(), names)


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def same(x, expected):
    """x, an array of the stand-in, has these values, this shape and this dtype."""
    np.testing.assert_array_equal(x.get(), expected, strict=True)


# ------------------------------------------------------------------------ nothing crosses by itself

@cases("np.asarray(x)", "np.array(x)", "np.asarray([x[0], x[1]])", "memoryview(x)",
       "np.testing.assert_array_equal(x, a)", "np.frombuffer(x)", "cp.asarray([x[0, 0], 1.0])",
       "cp.array([1.0, x[0, 0]])", "a[x[0].astype(int)]",
       "range(x[0, 0].astype(int))")
def test_no_implicit_conversion(x, a, line):
    with pytest.raises((TypeError, BufferError, IndexError)):
        do(line, x=x, a=a)


def test_the_text_of_the_refusal_is_cupys(x):
    text = r"Implicit conversion to a NumPy array is not allowed. Please use `.get\(\)`"
    with pytest.raises(TypeError, match=text):
        np.asarray(x)


@cases("x + a", "a + x", "x == a", "x @ a.T", "x += a", "a += x", "cp.maximum(x, a)",
       "cp.where(x > 1, x, a)", "cp.concatenate([x, a])", "cp.sum(a)", "x.dot(a.T)",
       "x[a[0].astype(int)]", "x[0] = a[0]", "x + np.array(1.0)", "cp.add(x, x, out=a)",
       "cp.stack([a, a])", "cp.array([x, a])", "cp.tensordot(x, a)", "x.sum(0, out=a[0])",
       "cp.add.at(x, cp.asarray([0]), a[0])", "cp.exp(a)", "cp.linalg.norm(a)",
       "x.fill(np.array(1.0))")
def test_arrays_of_two_libraries_do_not_mix(x, a, line):
    text = "Unsupported type <class 'numpy.ndarray'>|must be cupy.ndarray|expected cupy.ndarray"
    with pytest.raises(TypeError, match=text):
        do(line, x=x, a=a)


@cases("np.exp(x)", "np.sum(x)", "np.add(x, x)", "np.add.reduce(x)", "np.concatenate([x, x])",
       "np.where(x, x, x)", "np.shape(x)", "np.linalg.norm(x)", "np.multiply(x, 2.0)",
       "np.copyto(x, 1.0)")
def test_numpy_called_on_a_cupy_array_is_an_error(x, line):
    with pytest.raises(TypeError, match=r"numpy\.\w+ was called on a cupy array; use array_module"):
        do(line, x=x)


@cases("x + 1", "1 + x", "x + 1.0", "x + True", "np.float32(1) + x", "x + np.float32(1)",
       "cp.add(x, np.int8(1))")
def test_scalars_of_python_and_numpy_are_welcome(x, a, line):
    same(value(line, x=x), a + 1)


def test_numpy_scalars_compare(x, a):
    same(np.float32(2) < x, a > 2)
    same(x <= np.float32(2), a <= 2)


def test_promotion_is_numpy_2s(x):
    assert (x * 0.1).dtype == cp.float32 == cp.where(x > 1, x, 0.0).dtype
    assert (x * np.float64(0.1)).dtype == cp.float64 == (x * cp.asarray(0.1)).dtype


@cases("cp.add(x, [1, 2, 3])", "x + [1, 2, 3]", "x * (1, 2, 3)", "x + None", "cp.maximum(x, None)",
       "x > 'a'", "x += [1]", "cp.sum([1.0])", "cp.exp([1.0])", "cp.reshape([1.0], 1)",
       "cp.linalg.norm([1.0])", "cp.where([True], x, x)", "as_strided([1.0])",
       "x[0] = [1.0, 2.0, 3.0]", "x[0] = None", "cp.sum(1.0)")
def test_neither_array_nor_scalar(x, line):
    with pytest.raises(TypeError, match="Unsupported type"):
        do(line, x=x)


class Deferring:
    """It asks the arrays' operators to step back."""
    __array_ufunc__ = None

    def __radd__(self, other):
        return "radd"

    def __rmatmul__(self, other):
        return "rmatmul"

    def __gt__(self, other):
        return "gt"


def test_operators_defer_to_what_has_no_array_ufunc_but_in_place_they_do_not(x):
    assert x + Deferring() == "radd" and x @ Deferring() == "rmatmul" and (x < Deferring()) == "gt"
    with pytest.raises(TypeError, match="Unsupported type .*Deferring"):
        x += Deferring()


class Answering:
    """As a Tensor does, it answers for the ufunc behind the operator."""
    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return ufunc.__name__, method, inputs[1] is self, options


def test_operators_ask_what_has_an_array_ufunc_as_cupy_14_does(x):
    assert x + Answering() == ("add", "__call__", True, {})
    assert x / Answering() == ("divide", "__call__", True, {})
    assert x @ Answering() == ("matmul", "__call__", True, {})
    assert (x < Answering()) == ("less", "__call__", True, {})


# ------------------------------------------------------------------------- what comes out of a call

@cases("x.sum()", "x[0, 1]", "x.max()", "cp.mean(x)", "cp.linalg.norm(x)", "cp.allclose(x, x)",
       "next(iter(x[0]))", "cp.count_nonzero(x)", "cp.sqrt(2.0)", "x[0] @ x[1]",
       "cp.add.reduce(x[0])", "x.argmax()", "cp.array_equal(x, x)")
def test_single_values_are_0d_arrays(x, line):
    result = value(line, x=x)
    assert type(result) is cp.ndarray and result.shape == ()


def test_an_element_is_a_view(x):
    first = x[0, 0]
    first += 5
    assert float(x[0, 0]) == 5


def test_facts_about_arrays_are_plain(x):
    assert cp.ndim(x) == 2 and cp.shape(x) == (2, 3)
    assert cp.result_type(x, x) == np.float32 and x.nbytes == 24
    assert cp.finfo(x.dtype).eps == np.finfo("float32").eps
    assert cp.newaxis is None and cp.pi == np.pi
    assert cp.float32 is np.float32 and cp.may_share_memory(x, x[0]) is True


def test_identity_and_base_survive(x):
    assert x.astype("float32", copy=False) is x and cp.asarray(x) is x and cp.add(x, 1, out=x) is x
    y = x
    y += 1
    assert y is x and x.base is None and x.T.base is x and x.reshape(-1)[1:].base is x
    assert x.copy().base is None and x.flags.owndata and not x.T.flags.owndata
    assert x.data.ptr == x.T.data.ptr != x.copy().data.ptr


def test_dot_takes_arrays_alone_and_get_knows_three_orders(x):
    with pytest.raises(TypeError, match="expected cupy.ndarray"):
        x.dot(2.0)
    with pytest.raises(ValueError, match="unsupported order"):
        x.get(order="K")
    assert x.T.get(order="A").flags.f_contiguous


def test_there_is_no_writeable_flag(x):
    assert not hasattr(x.flags, "writeable") and x.flags.c_contiguous and x.T.flags.f_contiguous


def test_orders_are_accepted_and_kept_where_cupy_keeps_them(x):
    assert cp.zeros((2, 3), order="F").strides == (8, 16)
    assert cp.ndarray((2, 3), "int8", order="F").flags.f_contiguous
    for kept in (cp.empty_like(x.T), x.T.astype("float32"), x.T.copy(order="K")):
        assert kept.strides == x.T.strides
    assert x.T.copy().flags.c_contiguous and x.copy(order="F").flags.f_contiguous
    assert x.reshape(3, 2, order="F").get().tolist() == [[0, 4], [3, 2], [1, 5]]


@cases("x + x", "-x", "xp.exp(x)", "x * 2", "xp.where(x > 1, x, 0.0)", "x.clip(0, 1)",
       "x.sum(2, keepdims=True)", "xp.concatenate([x, x])")
def test_new_arrays_are_in_c_order_where_numpy_keeps_the_layout(line):
    for xp, in_c_order in ((cp, True), (np, False)):
        x = xp.ones((2, 3, 4, 5)).transpose(0, 3, 1, 2)
        assert value(line, xp=xp, x=x).flags.c_contiguous == in_c_order


def test_layouts_do_not_survive_the_crossing(a):
    assert cp.asarray(np.ones((2, 3, 4, 5)).transpose(0, 3, 1, 2)).flags.c_contiguous
    assert cp.asarray(a.T).flags.f_contiguous and cp.asnumpy(cp.asarray(a.T)).flags.c_contiguous


def test_no_floating_point_warnings():
    with np.errstate(all="raise"):
        assert cp.isinf(1 / cp.zeros(1)).all() and cp.isnan(cp.log(-cp.ones(1))).all()


@cases("x.T + x.T", "cp.einsum('ij,kj->ik', x, x)",
       "cp.matmul(x, x.T, out=cp.empty((2, 2), 'float32'))", "x.var(0, ddof=1)",
       "cp.tensordot(x, x, ((1,), (1,)))", "cp.pad(x, ((0, 0), (1, 1)))", "cp.stack([x, x])[1]",
       "cp.argsort(x)", "x.T.T", "cp.linalg.inv(x @ x.T)", "windows(x, 2, axis=1).sum(2)",
       "abs(-x) ** 2 // 3 % 2", "~(x > 1)")
def test_values_are_numpys(x, a, line):
    numpys = {"cp": np, "windows": np.lib.stride_tricks.sliding_window_view}
    same(value(line, x=x), value(line, x=a, **numpys))


# ----------------------------------------------------------------------------------------- indexing

@pytest.mark.parametrize("index, wrapped", [(6, 0), (-7, 5), (13, 1)])
def test_integer_arrays_wrap_around_in_silence(index, wrapped):
    x, i = cp.arange(12).reshape(2, 6), cp.asarray([index])
    for taken in (x[:, i], x[..., i], x[None, :, i][0], x.T[i].T):
        same(taken, x.get()[:, [wrapped]])
    x[1, i] = -1
    assert int(x[1, wrapped]) == -1


def test_integers_outside_are_still_errors(x):
    with pytest.raises(IndexError):
        x[2]


@cases("x[0]", "x[1:]", "x[:, -1]", "x[None]", "x[...]", "x[0, None, :2]", "x[::-1, 1]", "x[x > 2]",
       "x[[]]", "x[:, xp.asarray([True, False, True])]",
       "x[xp.asarray([1, 0]), xp.asarray([2, -1])]", "x[np.int64(1)]")
def test_every_other_index_is_numpys(x, a, line):
    same(value(line, x=x, xp=cp), value(line, x=a, xp=np))


@pytest.mark.parametrize("shared", [
    "cp.broadcast_to(x, (4, 2, 3))", "cp.broadcast_to(x[:, :1], (2, 3))",
    "cp.broadcast_arrays(x[:1], x)[0]", "windows(x, 2, axis=1)", "as_strided(x, (2, 2), (4, 4))"])
@cases("y += 1", "y[0] = 0", "y.fill(0)", "cp.exp(y, out=y)", "cp.exp(y, y)", "y.sort()",
       "y.cumsum(0, out=y)", "cp.copyto(y, 0)", "cp.add.at(y, cp.asarray([0]), 1.0)")
def test_writing_where_elements_share_memory_is_caught(x, shared, line):
    with pytest.raises(AssertionError, match="elements share memory"):
        do(line, y=value(shared, x=x))


def test_views_that_share_nothing_can_be_written(x):
    rows = cp.broadcast_to(x, (4, 2, 3))[0]         # read-only in NumPy; CuPy writes through
    rows += 1
    assert float(x[0, 0]) == 1
    blocks = as_strided(cp.zeros((4, 4)), (2, 2, 2, 2), (64, 16, 32, 8))
    blocks += 1
    x[:, ::-1] = 0
    x.T[...] = 1.0
    cp.diagonal(x)[...] = 2
    same(x, np.array([[2, 1, 1], [1, 2, 1]], "float32"))


def test_writing_one_element_twice_is_caught():
    x, i = cp.zeros(3), cp.asarray([0, 2, 0])
    with pytest.raises(AssertionError, match="undefined on a GPU"):
        x[i] = cp.arange(3.0)
    with pytest.raises(AssertionError, match="undefined on a GPU"):
        x[i] += cp.ones(3)
    x[i] = 7.0                      # the same value for all: no question which one stays
    x[cp.asarray([1, 2])] = cp.arange(2.0)
    same(x, [7.0, 0.0, 1.0])


@pytest.mark.parametrize("dtype", [
    "float16", "float32", "float64", "int32", "int64", "uint32", "uint64"])
def test_add_at_sums_repeated_indices(dtype):
    x = cp.zeros((3, 2), dtype)
    repeated = cp.asarray([0, 2, 0, 3])             # 3 wraps around
    cp.add.at(x, (repeated, slice(None)), cp.ones((4, 2), dtype))
    same(x, np.array([[3, 3], [0, 0], [1, 1]], dtype))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "bool", "complex64"])
def test_add_at_refuses_the_dtypes_it_lacks(dtype):
    with pytest.raises(TypeError, match=f"not {dtype}"):
        cp.add.at(cp.zeros(3, dtype), cp.asarray([0]), 1)


def test_as_strided_stays_inside_its_memory(x, a):
    with pytest.raises(AssertionError, match="leaves the memory"):
        as_strided(x, (2, 4), (12, 4))
    same(as_strided(x[0], (2, 3), (12, 4)), a)      # beyond x[0], inside its array


# ---------------------------------------------------------------------------------- names, keywords

def test_the_names_are_the_recorded_ones():
    assert len(strict_cupy.NAMES) == 485 and len(strict_cupy.NDARRAY_NAMES) == 74
    assert set(dir(cp)) == strict_cupy.NAMES
    assert public(cp.ndarray) == strict_cupy.NDARRAY_NAMES
    assert not [name for name in strict_cupy.NAMES if not hasattr(cp, name)]


@pytest.mark.parametrize("name", [
    "errstate", "seterr", "nditer", "vecdot", "matvec", "unstack", "block", "insert", "isnat",
    "geomspace", "nanquantile", "char", "no_such_thing"])
def test_names_that_cupy_lacks(name):
    with pytest.raises(AttributeError, match=f"'{name}': cupy 14.2.0 lacks it"):
        getattr(cp, name)


@pytest.mark.parametrize("name", [
    "setflags", "ctypes", "resize", "getfield", "tostring", "no_such_thing"])
def test_array_attributes_that_cupy_lacks(x, name):
    assert not hasattr(x, name)
    with pytest.raises(AttributeError):
        setattr(x, name, 1)


@pytest.mark.parametrize("name", [
    "normal", "permutation", "choice", "shuffle", "multivariate_normal"])
def test_the_random_generator_is_limited(name):
    assert cp.random.default_rng(0).standard_normal((2, 3)).shape == (2, 3)
    with pytest.raises(AttributeError, match=name):
        getattr(cp.random.default_rng(0), name)


@cases("cp.sum(x, where=True)", "x.max(initial=0)", "cp.var(x, mean=x)", "cp.exp(x, where=True)",
       "cp.zeros(3, like=x)", "x.astype('int32', casting='unsafe')",
       "cp.einsum('ij->i', x, optimize=True)", "cp.clip(x, min=0)", "x.item(0)",
       "cp.einsum('ij->i', x, out=x[:, 0])", "as_strided(x, (2,), (4,), writeable=False)",
       "windows(x, 2, writeable=True)", "cp.reshape(x, shape=(3, 2))",
       "cp.matmul(x, x.T, cp.empty((2, 2), 'float32'))")
def test_keywords_that_cupy_lacks(x, line):
    with pytest.raises(TypeError, match="no keyword|argument|by keyword only"):
        do(line, x=x)


@cases("cp.ElementwiseKernel('T x', 'T y', 'y = x', 'identity')", "cp.maximum.reduce(x)",
       "cp.multiply.at(x, x > 0, 2)", "cp.fft(x)", "x.toDlpack()")
def test_what_the_stand_in_or_cupy_cannot_do_says_so(x, line):
    with pytest.raises(NotImplementedError):
        do(line, x=x)


@pytest.mark.parametrize("data", [["a", "b"], np.array([object()]), np.ones(2, "longdouble"),
                                  np.array(["2020"], "datetime64[Y]")])
def test_only_numbers_can_be_moved(data):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cp.asarray(data)


# -------------------------------------------------------------- what only a GPU does to numbers

def test_new_memory_holds_nonsense():
    for made in (cp.empty(3), cp.empty_like(cp.ones(3)), cp.ndarray(3)):
        assert cp.isnan(made).all()
    assert (cp.empty(2, "int8") == 127).all()


def test_float32_below_the_smallest_normal_number_is_0():
    tiny = np.finfo("float32").tiny
    x = cp.asarray(np.array([tiny / 2, -tiny, 1.0], "float32"))
    same(x * 1.0, np.array([0, -tiny, 1], "float32"))
    same(x.sum(keepdims=True), np.ones(1, "float32"))
    assert float((cp.asarray(np.finfo("float64").tiny / 2) * 1.0)) > 0


def test_rounding_moves_the_last_bit_of_arithmetic_and_nothing_else(a):
    with strict_cupy.installed(rounding=1):
        x = cp.asarray(np.linspace(1, 2, 999, dtype="float32"))
        steps = ((x * 3).get() - x.get() * np.float32(3)) / np.spacing(x.get() * np.float32(3))
        assert set(np.round(steps)) == {-1, 0, 1}
        for kept in (-x, cp.maximum(x, 1.5), x.copy(), x.max(), cp.concatenate([x, x]), x[::2]):
            assert np.isin(abs(kept.get()), np.append(x.get(), np.float32(1.5))).all()
        assert (cp.zeros(3) * 2 == 0).all() and cp.isinf(cp.asarray(np.inf) * 2)
    same(cp.asarray(a) * 3, a * 3)


# ----------------------------------------------------------------------------------- what it counts

@cases("x.get()", "cp.asnumpy(x)", "x[0, 0].item()", "float(x[0, 0])", "int(x[0, 0])",
       "bool(x[0, 0])", "x.tolist()", "repr(x)", "f'{x[0, 0]:.3f}'", "x[x > 1]", "x[x > 1] = 0.0",
       "cp.nonzero(x)", "cp.unique(x)", "cp.where(x > 1)", "1.0 in x[0, 1:]",
       "cp.cuda.Device().synchronize()", "cp.cuda.runtime.deviceSynchronize()",
       "x.device.synchronize()", "x.fill(x[0, 0])", "x[True]", "cp.shares_memory(x, x)")
def test_waiting_for_the_device_is_counted(x, line):
    counts.reset()
    do(line, x=x)
    assert (counts.to_device, counts.to_host) == (0, 1)


@cases("cp.asarray(a)", "cp.array([1.0, 2.0])", "x[[0, 1]]", "x.set(a)",
       "cp.add.at(x, [0], 1.0)", "cp.take(x, [0])", "x.take([0])", "cp.asarray(np.float32(3))")
def test_copies_to_the_device_are_counted(x, a, line):
    counts.reset()
    do(line, x=x, a=a)
    assert (counts.to_device, counts.to_host) == (1, 0)


@cases("(x + 1.0) @ x.T", "cp.asarray(x)", "x.sum()", "x[0, 1:]", "cp.zeros(3)", "x.fill(2.0)",
       "cp.where(x > 1, x, 0.0)", "x[cp.zeros(2, 'int64')]", "x.shape[0]", "cp.array([x, x])",
       "copy.deepcopy(x)", "x[0] = x[1]", "cp.allclose(x, x)", "cp.asarray(3.0)",
       "cp.where(cp.asarray(True), x, x)", "cp.concatenate([x] * 8)")
def test_what_stays_on_the_device_is_not_counted(x, line):
    counts.reset()
    do(line, x=x)
    assert (counts.to_device, counts.to_host) == (0, 0)


def test_joining_more_than_eight_arrays_copies_three_tables_of_pointers(x):
    for join in (cp.concatenate, cp.stack):
        counts.reset()
        join([x] * 9)
        assert (counts.to_device, counts.to_host, counts.launches) == (3, 0, 1)


@pytest.mark.parametrize("line, launches", [
    ("x + 1.0", 1), ("x += x", 1), ("cp.exp(x, out=x)", 1), ("-x", 1), ("x.sum(0)", 1),
    ("cp.mean(x)", 1), ("x.var()", 2), ("cp.zeros(3)", 1), ("cp.full(3, 2.0)", 1), ("x.fill(0)", 1),
    ("cp.empty(3)", 0), ("cp.empty_like(x)", 0), ("cp.asarray(1.5)", 1), ("cp.asarray(a)", 0),
    ("x[0, 1:]", 0), ("x.T.reshape(1, 3, 2)", 0), ("x.reshape(-1)", 0), ("x.T.reshape(-1)", 1),
    ("x.transpose(1, 0)", 0), ("as_strided(x, (2,), (4,))", 0),
    ("cp.broadcast_to(x, (4, 2, 3))", 0),
    ("x.copy()", 1), ("x.astype('float64')", 1), ("x.astype('float32', copy=False)", 0),
    ("cp.asarray(x)", 0), ("cp.array(x)", 1), ("x[...] = 0.0", 1), ("x[x.argmax(0)]", 2),
    ("cp.where(x > 0, x, 0.0)", 2), ("x.clip(0, 1)", 1), ("cp.concatenate([x, x, x])", 3),
    ("x @ x.T", 1), ("x.T.dot(x)", 1), ("x[:, ::2] @ x[:, ::2].T", 3), ("x.get()", 0),
    ("cp.add.at(x, cp.arange(2), 1.0)", 2)])
def test_launches_are_counted(x, a, line, launches):
    counts.reset()
    do(line, x=x, a=a)
    assert counts.launches == launches, counts.launched


def test_copies_are_copies(a):
    moved = cp.asarray(a)
    a[...] = 7
    moved.get()[...] = 7
    assert float(moved.sum()) == 15
    assert float(copy.deepcopy(moved).sum()) == 15
    same(pickle.loads(pickle.dumps(moved)), moved.get())


# --------------------------------------------------------------------------------------- installing

def test_installed_puts_it_in_and_takes_it_out():
    before = sys.modules.get("cupy"), backend._cupy, backend._module
    with pytest.raises(ZeroDivisionError), strict_cupy.installed() as module:
        assert sys.modules["cupy"] is module is backend.xp is cp
        assert counts.to_host == counts.to_device == 0
        raise ZeroDivisionError
    assert (sys.modules.get("cupy"), backend._cupy, backend._module) == before


def test_minigens_backend_takes_it_for_cupy(a):
    with strict_cupy.installed():
        x = backend.asarray(a)
        assert type(x) is cp.ndarray and backend.array_module(x) is cp and backend.is_array(x)
        assert cp.get_array_module(x) is cp and cp.get_array_module(1.0, a) is np
        assert backend.describe() == "cupy 14.2.0, no GPU: strict stand-in for tests"


# ------------------------------------------------------------------------------------ the real cupy

@pytest.mark.oracle
def test_the_record_agrees_with_the_installed_cupy():
    cupy = pytest.importorskip("cupy", reason="cupy is not installed")      # needs no GPU
    if not cupy.__version__.startswith("14.2."):
        pytest.skip(f"the names were recorded from cupy 14.2.0, and this is {cupy.__version__}")
    assert public(cupy) == strict_cupy.NAMES and public(cupy.ndarray) == strict_cupy.NDARRAY_NAMES
    assert set(dir(cp.linalg)) <= set(dir(cupy.linalg))
    assert set(dir(cp.random.default_rng())) <= set(dir(cupy.random.Generator))

"""The arrays of strict_cupy.py: NumPy's behind a wrapper that keeps strict_cupy_rules.py.

Everything is generated from NumPy's object of the same name, so what is written here is only where
CuPy differs: no implicit conversion, nothing mixed with NumPy arrays, 0-d arrays instead of
scalars, new arrays in C order, integer index arrays that wrap around, no read-only arrays, and
fewer names and keywords. A transfer is counted. Read strict_cupy.py first. Nothing here says
anything about CUDA itself.
"""

import contextlib
import operator
import types
import weakref

import numpy as np
import strict_cupy_rules as rules
from strict_cupy_rules import counts


def refuse(x):
    raise TypeError(f"Unsupported type {type(x)}")          # CuPy's own words


def no_conversion():
    return TypeError("Implicit conversion to a NumPy array is not allowed. "
                     "Please use `.get()` to construct a NumPy array explicitly.")


# ------------------------------------------------------------------------ between wrapper and NumPy

# id of a NumPy array -> its wrapper, so that identity survives a call
_wrappers = weakref.WeakValueDictionary()


def wrap(a):
    """NumPy's answer as CuPy gives it: every number is a 0-d array, and no array is read-only."""
    if isinstance(a, np.ndarray):
        wrapper = _wrappers.get(id(a))
        if wrapper is None:
            with contextlib.suppress(ValueError):   # as_strided's are writeable but refuse the flag
                a.flags.writeable = True            # CuPy has no such flag; see `written`
            wrapper = object.__new__(ndarray)
            wrapper._a = a
            wrapper._base = wrap(a.base) if isinstance(a.base, np.ndarray) else None
            _wrappers[id(a)] = wrapper
        return wrapper
    if isinstance(a, rules.SCALARS):
        return wrap(np.asarray(a))
    if isinstance(a, tuple) and hasattr(a, "_fields"):
        return type(a)(*map(wrap, a))
    if isinstance(a, (tuple, list)):
        return type(a)(map(wrap, a))
    return a


def unwrap(x):
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, np.ndarray):
        refuse(x)
    if isinstance(x, (tuple, list)):
        return type(x)(map(unwrap, x))
    return x


def call(function, args, kwargs):
    with np.errstate(all="ignore"):     # CuPy never warns about overflow or division by zero
        return wrap(function(*map(unwrap, args), **{name: unwrap(x) for name, x in kwargs.items()}))


# ------------------------------------------------------------------- what arithmetic leaves behind

# A random generator, and the last bit of every result is another one (installed(rounding=True)):
# whoever needs NumPy's bits finds out.
last_bits = None


def settle(result, name):
    """New floats as a GPU leaves them: float32 below the smallest normal number is 0 (CuPy compiles
    with -ftz=true), and the last bit is not NumPy's."""
    a = result._a if isinstance(result, ndarray) else None
    if a is None or a.dtype.kind != "f" or not a.size:
        return result
    if last_bits is not None and name in rules.ROUNDED:
        towards = last_bits.choice([-np.inf, np.inf, np.nan], a.shape).astype(a.dtype)
        with np.errstate(all="ignore"):
            moves = np.isfinite(a) & (a != 0) & ~np.isnan(towards)
            np.copyto(a, np.nextafter(a, towards), where=moves)
    if a.dtype == np.float32:
        np.copyto(a, 0, where=abs(a) < np.finfo("float32").tiny)
    return result


def fill_with_nonsense(result):
    """What uninitialised memory holds: NaN, or the largest integer."""
    kind = result.dtype.kind
    if kind in "fc":
        result._a.fill(np.nan)
    elif kind in "iu":
        result._a.fill(np.iinfo(result.dtype).max)
    return result


def count_launches(name, args, result):
    """Count what this call of a generated function starts on a GPU."""
    if name in rules.JOINING:
        parts = len(args[0])
        counts.launch(name, parts if parts <= 8 else 1)
        counts.to_device += 3 if parts > 8 else 0           # tables of pointers
    elif name not in rules.NO_LAUNCH and not _is_view(result, args):
        counts.launch(name, rules.LAUNCHES.get(name, 1))


def _is_view(result, args):
    """Whether nothing was computed: the result lies in the memory of an argument, or is no
    array."""
    if result is None:
        return False                                        # it wrote into its first argument
    return not isinstance(result, ndarray) or any(
        isinstance(x, ndarray) and np.may_share_memory(x._a, result._a) for x in args)


def count_product(*factors):
    """One product; and a copy of each matrix whose rows or columns are not runs of memory."""
    counts.launch("product")
    for x in factors:
        if x.ndim > 1 and x.size and x.itemsize not in x.strides[-2:]:
            counts.launch("copy")


def written(x):
    """Refuse to write into elements that share memory: on a GPU the threads race, in silence."""
    if not isinstance(x, ndarray):
        raise TypeError("Output arguments type must be cupy.ndarray")
    extent = 0
    for stride, size in sorted((abs(s), n) for s, n in zip(x.strides, x.shape) if n > 1):
        if stride <= extent:                    # perhaps shared: count the distinct addresses
            offsets = sum(np.ix_(*(np.arange(n) * s for s, n in zip(x.strides, x.shape))))
            assert np.unique(offsets).size == x.size, \
                ("in-place write into an array whose elements share memory "
                 f"(shape {x.shape}, strides {x.strides})")
            return
        extent += stride * (size - 1)


def generate(name, original, first="array"):
    """cupy.<name> from NumPy's `original`.

    `first` is what it takes first: an "array", any ("any"), or "self" for a method."""
    writes = rules.METHOD_WRITES if first == "self" else rules.WRITES

    def function(*args, **kwargs):
        surplus = set(kwargs) - rules.KEYWORDS.get(name, set(kwargs))
        if surplus:
            raise TypeError(f"cupy's {name}() has no keyword {', '.join(sorted(surplus))}")
        if first == "array" and args and not isinstance(args[0], ndarray):
            refuse(args[0])
        if name in writes:
            written(args[0])
        if kwargs.get("out") is not None:
            written(kwargs["out"])
        if name == "dot" and not all(isinstance(x, ndarray) for x in args[:2]):
            raise TypeError("Argument 'b' has incorrect type (expected cupy.ndarray)")
        if (name in rules.WAITS or (name == "where" and len(args) == 1)
                or (name == "fill" and isinstance(args[1], ndarray))):
            counts.wait()
        if name in ("take", "put") and any(isinstance(x, (list, tuple)) for x in args[1:2]):
            counts.to_device += 1
        result = call(original, args, kwargs)
        if name == "dot":
            count_product(*args[:2])
        else:
            count_launches(name, args, result)
        if name in rules.NO_LAUNCH:
            return fill_with_nonsense(result)
        settle(result if kwargs.get("out") is None else kwargs["out"], name)
        given = any(result is x for x in (*args, *kwargs.values()))
        if name in rules.C_ORDER and isinstance(result, ndarray) and not given:
            return wrap(np.asarray(result._a, order="C"))
        return result

    function.__name__ = function.__qualname__ = name
    return function


def absent(name):
    def function(*args, **kwargs):
        raise NotImplementedError(f"cupy has {name}, but the stand-in cannot do it without a GPU")
    return function


class ufunc:
    """A CuPy ufunc: takes CuPy arrays and scalars only, and its new arrays are C-contiguous."""

    def __init__(self, original):
        self._original = original
        self.__name__, self.nin, self.nout = original.__name__, original.nin, original.nout

    def __call__(self, *args, out=None, dtype=None, casting="same_kind"):
        inputs, outputs = args[:self.nin], args[self.nin:]
        for x in inputs:
            if not isinstance(x, (ndarray, *rules.SCALARS)):
                refuse(x)
        if out is not None:
            outputs = out if isinstance(out, tuple) else (out,)
        for x in outputs:
            written(x)
        if self.__name__ == "matmul":
            if len(args) > self.nin:
                raise TypeError("matmul takes `out` by keyword only")
            count_product(*inputs)
        else:
            counts.launch(self.__name__)
        layout = {"out": tuple(outputs)} if outputs else {"order": "C"}
        result = call(self._original, inputs, {"dtype": dtype, "casting": casting, **layout})
        return settle(result, self.__name__)

    def at(self, a, indices, b=None):
        if self.__name__ not in rules.AT:
            raise NotImplementedError(f"`cupy_{self.__name__}.at` is not supported yet")
        if a.dtype.name not in rules.AT_DTYPES:
            supported = ", ".join(sorted(rules.AT_DTYPES))
            raise TypeError(f"{self.__name__}.at supports {supported}, not {a.dtype}")
        written(a)
        counts.launch(f"{self.__name__}.at")
        self._original.at(a._a, prepare_index(a._a, indices)[0], unwrap(b))

    def __getattr__(self, method):
        if method not in ("reduce", "accumulate", "reduceat"):
            raise AttributeError(f"cupy.{self.__name__} has no attribute {method!r}")
        if method not in rules.UFUNC_METHODS.get(self.__name__, ()):
            raise NotImplementedError(f"`cupy_{self.__name__}.{method}` is not supported yet")
        return generate(method, getattr(self._original, method))


# --------------------------------------------------------------------------------------- the arrays

def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    """Host data is copied up, in C or Fortran order: no other layout survives the crossing. (A
    number is no transfer: the device fills an array with it.)"""
    parts = obj if isinstance(obj, (list, tuple)) else [obj]
    if any(isinstance(x, ndarray) for x in parts):
        for x in parts:
            if isinstance(x, np.ndarray):
                refuse(x)
            if not isinstance(x, ndarray):
                raise no_conversion()
        result = call(np.array, (obj,),
                      {"dtype": dtype, "copy": copy, "order": order or "K", "ndmin": ndmin})
        count_launches("array", parts, result)
        return result
    a = np.asarray(obj, dtype)
    if a.dtype.name not in rules.DTYPES:
        raise ValueError(f"Unsupported dtype {a.dtype}")
    if copy is False:
        raise ValueError("Unable to avoid copy: the data are on the host")
    if isinstance(obj, (bool, int, float, complex)):
        counts.launch("fill")
    else:
        counts.to_device += 1
    if order not in ("C", "F"):
        order = "F" if a.flags.fnc else "C"
    return wrap(np.array(a, order=order, ndmin=ndmin))


def _kind(part):
    return part.dtype.kind if isinstance(part, np.ndarray) else None


def prepare_index(a, index):
    """(`index` for the NumPy array `a`, whether it holds integer arrays), which wrap around."""
    parts = []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, (list, tuple)):
            part = array(part, dtype=None if part else int)
        parts.append(unwrap(part))
        if _kind(parts[-1]) == "b" or isinstance(part, bool):
            counts.wait()                       # the host must know how many are True
    width = [0 if part is None or part is Ellipsis else part.ndim if _kind(part) == "b" else 1
             for part in parts]
    axis, gathers = 0, False
    for i, part in enumerate(parts):
        if _kind(part) in ("i", "u"):
            gathers = True
            if axis < a.ndim and a.shape[axis] > 0:
                parts[i] = part % a.shape[axis]
        axis += a.ndim - sum(width) if part is Ellipsis else width[i]
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)      # so that a single element comes as a 0-d view, not as a scalar
    return tuple(parts), gathers


class ndarray:
    """cupy.ndarray. Most methods are added below, for the recorded names and no others."""

    __slots__ = ("_a", "_base", "__weakref__")      # _base: alive as long as its views, as CuPy's
    __array_priority__ = 100
    __hash__ = None

    def __new__(cls, shape, dtype=float, order="C"):
        return fill_with_nonsense(wrap(np.empty(shape, dtype, order)))

    # Crossings to the host and back. repr(), float(), bool() and the like call get().

    def get(self, stream=None, order="C", out=None, blocking=True):
        counts.wait()
        if order not in ("C", "F", "A"):
            raise ValueError(f"unsupported order: {order}")
        if out is None:
            return np.array(self._a, order=order)
        np.copyto(out, self._a, casting="no")
        return out

    def item(self):
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def set(self, arr, stream=None):
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if (arr.dtype, arr.shape) != (self.dtype, self.shape):
            raise TypeError(f"{arr.dtype} {arr.shape} cannot be set to {self.dtype} {self.shape}")
        counts.to_device += 1
        self._a[...] = arr

    def __array__(self, dtype=None, copy=None):
        raise no_conversion()

    def __array_function__(self, function, types_, args, kwargs):
        name = function.__name__
        raise TypeError(f"numpy.{name} was called on a cupy array; use array_module(x).{name}")

    def __array_ufunc__(self, function, method, *inputs, **kwargs):
        if function in _COMPARISONS.values():   # NumPy's scalars come as 0-d arrays here
            inputs = [x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs]
        for x in (*inputs, *kwargs.get("out", ())):
            if isinstance(x, np.ndarray):
                refuse(x)
        if method == "__call__" and not kwargs and any(isinstance(x, np.generic) for x in inputs):
            return ufunc(function)(*inputs)     # numpy.float32(2) * x comes this way
        return self.__array_function__(function, None, inputs, kwargs)

    # What an array is.

    @property
    def base(self):
        return self._base

    @property
    def flags(self):
        known = self._a.flags
        return types.SimpleNamespace(
            c_contiguous=known.c_contiguous, f_contiguous=known.f_contiguous,
            fnc=known.fnc, forc=known.forc, owndata=self.base is None)

    @property
    def data(self):
        return types.SimpleNamespace(ptr=self._a.ctypes.data, device_id=0)

    @property
    def device(self):
        return types.SimpleNamespace(id=0, synchronize=counts.wait)

    # Elements.

    def __getitem__(self, index):
        result = wrap(self._a[prepare_index(self._a, index)[0]])
        count_launches("take", (self,), result)
        return result

    def __setitem__(self, index, value):
        if not isinstance(value, (ndarray, *rules.SCALARS)):
            refuse(value)
        written(self)
        counts.launch("setitem")
        index, gathers = prepare_index(self._a, index)
        if gathers and isinstance(value, ndarray) and value.size > 1:
            places = np.arange(self.size).reshape(self.shape)[index]
            assert np.unique(places).size == places.size, \
                "x[i] = v with the same element twice in i: which value stays is undefined on a GPU"
        self._a[index] = unwrap(value)

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return array, (self.get(),)


def _defers(x, other):
    """NEP 13, as CuPy follows it: whether the operator of `other` goes first (a Tensor's does)."""
    if hasattr(other, "__array_ufunc__"):
        return other.__array_ufunc__ is None
    return getattr(other, "__array_priority__", 0) > x.__array_priority__


def _operator(original):
    """x op y, where y may want to be asked: by an operator of its own, or as the ufunc's
    argument."""
    f = ufunc(original)

    def operate(x, y):
        if _defers(x, y):
            return NotImplemented
        if hasattr(y, "__array_ufunc__") and not isinstance(y, (ndarray, np.ndarray, np.generic)):
            return y.__array_ufunc__(original, "__call__", x, y)
        return f(x, y)
    return operate


_ARITHMETIC = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
               "mod": np.remainder, "floordiv": np.floor_divide, "pow": np.power,
               "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
               "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift}
_ONE_OPERAND = {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}
_FETCHING = {"bool": bool, "int": int, "float": float, "complex": complex,
             "repr": repr, "str": str, "format": format}
_COMPARISONS = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
                "eq": np.equal, "ne": np.not_equal}


def _add_operators():
    for name, original in {**_ARITHMETIC, **_COMPARISONS}.items():
        f = ufunc(original)
        setattr(ndarray, f"__{name}__", _operator(original))
        if name in _ARITHMETIC:
            setattr(ndarray, f"__r{name}__", lambda x, y, f=f: f(y, x))
        if name in _ARITHMETIC and name != "matmul":         # in place, nothing is deferred
            setattr(ndarray, f"__i{name}__", lambda x, y, f=f: f(x, y, out=x))
    for name, original in _ONE_OPERAND.items():
        setattr(ndarray, f"__{name}__", lambda x, f=ufunc(original): f(x))
    for name, convert in _FETCHING.items():
        setattr(ndarray, f"__{name}__", lambda x, *spec, convert=convert: convert(x.get(), *spec))


def _add_attributes():
    for name in rules.NDARRAY_NAMES - set(vars(ndarray)):
        if name in ("T", "mT", "real", "imag"):
            attribute = property(lambda x, read=operator.attrgetter(name): wrap(read(x._a)))
        elif name in ("dtype", "shape", "strides", "ndim", "size", "itemsize", "nbytes"):
            attribute = property(operator.attrgetter("_a." + name))
        elif name in ("dump", "dumps", "tobytes", "tofile"):
            attribute = absent("ndarray." + name)
        elif callable(getattr(np.ndarray, name, None)):
            attribute = generate(name, getattr(np.ndarray, name), first="self")
        else:
            attribute = absent("ndarray." + name)
        setattr(ndarray, name, attribute)


_add_operators()
_add_attributes()
ndarray.__module__ = ufunc.__module__ = "cupy"

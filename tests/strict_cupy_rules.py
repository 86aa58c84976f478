"""What strict_cupy.py holds minigen to, as tables: the names, keywords and habits in which CuPy
differs from NumPy.

The two lists of names were recorded from cupy 14.2.0; the rest comes from its documentation and
source. Where it is unclear whether 14.2 has a newer keyword or name, it is left out: refusing it
costs nothing, since NumPy and the older CuPy have another word for it. Read strict_cupy.py first.
"""

import collections
import pathlib

import numpy as np

VERSION = "14.2.0"
NAME = "cupy_stand_in"      # not "cupy": nothing may be found, or kept, by the name of a library


def _recorded(file):
    return frozenset(pathlib.Path(__file__).with_name(file).read_text().split())


NAMES = _recorded("cupy_names.txt")
NDARRAY_NAMES = _recorded("cupy_ndarray_names.txt")


class Counts:
    """What happened since reset().

    to_device   host data copied up
    to_host     times the host waits for the device: for each copy back, each synchronisation, and
                each result whose shape depends on values (masks, nonzero)
    launched    kernels, products, copies and fills started on the device, by name: what a step
                costs on a GPU, where each takes 5 to 10 µs of the host's time
    """

    def __init__(self):
        self.reset()

    def reset(self):
        self.to_device = self.to_host = 0
        self.launched = collections.Counter()

    def wait(self):
        self.to_host += 1

    def launch(self, name, times=1):
        self.launched[name] += times

    @property
    def launches(self):
        return self.launched.total()


counts = Counts()

DTYPES = set("""bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64
    complex64 complex128""".split())
SCALARS = (bool, int, float, complex, np.number, np.bool_)
WAITS = set("""nonzero flatnonzero argwhere unique unique_all unique_counts unique_inverse
    unique_values compress extract bincount histogram trim_zeros union1d intersect1d setdiff1d
    setxor1d array_repr array_str""".split())

# These write into their first argument.
WRITES = set("copyto put putmask place fill_diagonal put_along_axis".split())
METHOD_WRITES = set("fill put sort partition".split())

# What these make is C-contiguous, where NumPy keeps the layout of the inputs.
C_ORDER = set("""where clip round around nan_to_num sum prod mean var std max min amax amin any all
    argmax argmin concatenate stack""".split())

# NumPy takes more keywords than these, and CuPy does not.
KEYWORDS = {name: {"a", *words.split()} for names, words in {
    "sum prod mean nansum nanmean": "axis dtype out keepdims",
    "var std": "axis dtype out ddof keepdims",
    "max min amax amin any all ptp": "axis out keepdims",
    "argmax argmin": "axis dtype out keepdims",
    "cumsum cumprod": "axis dtype out",
    "clip": "a_min a_max out",
    "astype": "x dtype order copy",
    "reshape": "order",                # CuPy's word for the shape is newshape
    "einsum": "dtype",
    "sort argsort": "axis",
    "zeros ones empty": "shape dtype order",
    "full": "shape fill_value dtype order",
    "zeros_like ones_like empty_like": "dtype order shape",
    "full_like": "fill_value dtype order shape",
    "arange": "start stop step dtype",
    "as_strided": "x shape strides",
    "sliding_window_view": "x window_shape axis",
}.items() for name in names.split()}
AT = set("add subtract maximum minimum bitwise_and bitwise_or bitwise_xor".split())
AT_DTYPES = set("int32 int64 uint32 uint64 float16 float32 float64".split())
UFUNC_METHODS = {"add": {"reduce", "accumulate", "reduceat"}, "multiply": {"reduce", "accumulate"}}

# What takes more than the one launch of every other function that makes or fills an array. (As
# counted by running CuPy 14.2's own host code on an emulated device.)
LAUNCHES = {"var": 2, "std": 3, "einsum": 3}
NO_LAUNCH = set("empty empty_like".split())         # memory that holds what it held before
JOINING = set("concatenate concat stack hstack vstack dstack column_stack".split())

# Results of these are rounded, and in another order on a GPU: their last bit may be another one.
ROUNDED = set("""add subtract multiply divide power exp exp2 expm1 log log2 log10 log1p sqrt cbrt
    square sin cos tan arcsin arccos arctan sinh cosh tanh hypot reciprocal matmul dot vdot inner
    outer tensordot einsum sum prod mean var std cumsum cumprod average norm logaddexp reduce
    accumulate kernel""".split())

# These take shapes, sequences or host values first; all others expect an array of CuPy's.
NO_ARRAY_FIRST = set("""zeros ones empty full arange linspace logspace eye identity tri indices
    meshgrid ix_ einsum concatenate concat stack hstack vstack dstack column_stack broadcast_arrays
    unravel_index ravel_multi_index tril_indices triu_indices diag_indices select""".split())

# These answer at once, with plain Python values.
ABOUT = set("""ndim shape size result_type can_cast promote_types issubdtype isdtype isscalar
    broadcast_shapes min_scalar_type common_type may_share_memory shares_memory iscomplexobj
    isrealobj isfortran""".split())

# Long-standing names of the namespaces.
LINALG = set("""LinAlgError cholesky det eigh eigvalsh inv lstsq matrix_power matrix_rank norm pinv
    qr slogdet solve svd tensorinv tensorsolve""".split())
GENERATOR = set("""beta binomial chisquare dirichlet exponential f gamma geometric hypergeometric
    integers logseries poisson power random standard_exponential standard_gamma standard_normal
    uniform""".split())

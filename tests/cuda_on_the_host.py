"""The CUDA code of minigen/kernels as a program for this machine's processor: tests run it and
compare it with the array definitions.

The code of a kernel is C for one element, so a loop around it is what a GPU does, one element after
another. Rounding aside (a GPU fuses multiplications with additions), the numbers are the same ones.
"""

import ctypes
import functools

import numpy as np

HEADER = """
{includes}
typedef {type} T;
typedef int int32;

struct Raw {{                               // cupy::CArray, as far as the kernels use it
    T* data;
    const ptrdiff_t* strides;               // in elements
    {device} T& operator[](ptrdiff_t i) const {{ return data[i]; }}
    {device} T& operator[](const ptrdiff_t (&at)[5]) const {{
        ptrdiff_t place = 0;
        for (int axis = 0; axis < 5; ++axis) place += at[axis] * strides[axis];
        return data[place];
    }}
}};
"""
ON_THE_HOST = "#include <cmath>\n#include <cstddef>\nusing namespace std;"


def parameters(kernel):
    """[(raw, type, name)] of a kernel's inputs, and of its outputs."""
    def read(text):
        words = [part.split() for part in text.split(",")]
        return [("raw" in part, part[-2], part[-1]) for part in words]
    return read(kernel.inputs), read(kernel.outputs)


def loop(kernel):
    """A C++ function: `steps[k]` is 0 for a number, 1 for an array whose element i belongs to i."""
    inputs, outputs = parameters(kernel)
    lines = [f'extern "C" void minigen_{kernel.name}(ptrdiff_t n, void** given,',
             "        const ptrdiff_t* steps, const ptrdiff_t* strides) {",
             "for (ptrdiff_t i = 0; i < n; ++i) {"]
    for k, (raw, kind, name) in enumerate([*inputs, *outputs]):
        const = "const " if k < len(inputs) else ""
        if raw:
            lines.append(f"    Raw {name} = {{(T*)given[{k}], strides}};")
        else:
            lines.append(f"    {const}{kind}& {name} = (({kind}*)given[{k}])[i * steps[{k}]];")
    return "\n".join([*lines, f"    {{ {kernel.code}; }}", "}", "}"])


def program(kernels, dtype):
    """The source of a library of all `kernels`."""
    kind = {"float32": "float", "float64": "double"}[dtype]
    head = HEADER.format(includes=ON_THE_HOST, type=kind, device="")
    return "\n\n".join([head, *map(loop, kernels)])


def run(library, kernel, dtype, inputs, outputs):
    """Fill `outputs`, contiguous arrays, by the compiled code. inputs: arrays and numbers."""
    known, made = parameters(kernel)
    shape = next(y.shape for y, (raw, *_) in zip(outputs, made) if not raw)
    given, steps, strides = [], [], (0,) * 5
    for x, (raw, kind, name) in zip([*inputs, *outputs], [*known, *made], strict=True):
        if raw:
            strides = [s // x.itemsize for s in x.strides] if isinstance(x, np.ndarray) else strides
            steps.append(0)
        else:
            is_number = np.ndim(x) == 0
            x = np.asarray(x, "int32" if kind == "int32" else dtype)
            x = x if is_number else np.ascontiguousarray(np.broadcast_to(x, shape))
            steps.append(0 if is_number else 1)
        given.append(x)
    call = getattr(library, f"minigen_{kernel.name}")
    call(ctypes.c_ssize_t(int(np.prod(shape))),
         (ctypes.c_void_p * len(given))(*[x.ctypes.data for x in given]),
         (ctypes.c_ssize_t * len(steps))(*steps), (ctypes.c_ssize_t * len(strides))(*strides))


# -------------------------------------------------------------------------------- for a compiler

def cuda(kernels, dtype, carray):
    """The kernels as CUDA, as CuPy writes an elementwise kernel around its code. carray: CuPy's own
    header of arrays is at hand, to index raw arrays with."""
    kind = {"float32": "float", "float64": "double"}[dtype]
    head = "#include <cupy/complex.cuh>\n#include <cupy/carray.cuh>" if carray else ""
    parts = [HEADER.format(includes=head, type=kind, device="__device__")]
    for kernel in kernels:
        inputs, outputs = parameters(kernel)
        arguments, body = ["ptrdiff_t n"], []
        for k, (raw, kind, name) in enumerate([*inputs, *outputs]):
            const = "const " if k < len(inputs) else ""
            if raw:
                axes = 5 if kernel.name == "patches_of" else 1
                arguments.append(f"CArray<{const}{kind}, {axes}> {name}" if carray
                                 else f"Raw {name}")
            elif kind == "int32":
                arguments.append(f"int {name}")
            else:
                arguments.append(f"{kind}* all_{name}")
                body.append(f"{const}{kind}& {name} = all_{name}[i];")
        parts.append(f'extern "C" __global__ void minigen_{kernel.name}({", ".join(arguments)}) {{'
                     "\nfor (ptrdiff_t i = blockIdx.x * blockDim.x + threadIdx.x; i < n;"
                     " i += blockDim.x * gridDim.x) {\n" + "\n".join(body)
                     + f"\n{{ {kernel.code}; }}\n}}\n}}")
    return "\n\n".join(parts)

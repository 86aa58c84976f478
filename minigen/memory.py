"""Memory: which array owns it, what a GPU has left of it, what happens to it when it is freed, and
the buffer of matrix products.

Not the subject: skim it at a first reading. Read next: functional/__init__.py.
"""

import ctypes
import sys

import numpy


def own(gradients, starts):
    """Each gradient in memory of its own: not a part of a larger array, nor that of a gradient that
    the walk started from, nor of another gradient.

    Rules often return g itself, or a view of it; adding to one gradient must never change
    another."""
    taken, owned = {id(owner_of(start)) for start in starts}, []
    for g in gradients:
        if g is not None:
            owner = g if g.base is None else owner_of(g)
            if id(owner) in taken or owner is not g and not _is_whole(g, owner):
                g = owner = g.copy(order="K")
            taken.add(id(owner))
        owned.append(g)
    return owned


def _is_whole(view, owner):
    """Whether the view is all of its owner, and may be written to (one that broadcasts may not)."""
    return view.size == owner.size and getattr(view.flags, "writeable", True)


def shared(view, array):
    """Whether the view looks into the memory that `array` lies in."""
    return owner_of(view) is owner_of(array)


def owner_of(array):
    """The array whose memory this one lies in, itself if it is its own."""
    while hasattr(array.base, "base"):      # to the array that is viewed, not to its buffer
        array = array.base
    return array


def fits_on_gpu(xp, size):
    """Whether `size` bytes are at most a quarter of the memory that is free on CuPy's GPU."""
    free, _ = xp.cuda.runtime.memGetInfo()
    return 4 * size <= free


def keep_freed():
    """Ask glibc to keep freed blocks of up to 32 MB, its largest threshold, for the next step.

    A training step frees and asks for the same megabytes again and again; by default they go back
    to the system, and come back as page faults, a quarter of a convolutional GAN's step. Other C
    libraries have no such setting."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: 0)
        mallopt(-3, 32 << 20)               # M_MMAP_THRESHOLD
        mallopt(-1, 1 << 30)                # M_TRIM_THRESHOLD


def touch_product_buffers():
    """One product of middling size, whose result nobody needs.

    OpenBLAS, under NumPy, copies parts of its factors into a buffer, and prefetches beyond what it
    copied. While those pages have never been touched, every prefetch is a failed look-up: measured
    on a virtual machine (AMD Zen, OpenBLAS 0.3.31, one thread), a 256 × 128 × 128 product ran at 10
    GFLOP/s before this call and at 35 after it. (On an Intel processor with AVX-512 it made no
    difference; it takes 6 ms, once.)"""
    numpy.ones((512, 384), "float32") @ numpy.ones((384, 1024), "float32")


keep_freed()
touch_product_buffers()

"""Memory that is freed stays at hand for the next step.

A training step frees and asks for the same megabytes again and again. By default glibc gives large blocks back to the
system, and each comes back as page faults: a quarter of a convolutional GAN's step. Other C libraries have no such setting.
"""

import ctypes
import sys


def keep_freed():
    """Ask glibc to keep freed blocks of up to 32 MB, its largest threshold, instead of returning them."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: 0)
        mallopt(-3, 32 << 20)               # M_MMAP_THRESHOLD
        mallopt(-1, 1 << 30)                # M_TRIM_THRESHOLD


keep_freed()

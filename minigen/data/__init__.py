"""Not the engine: what there is to learn from, and the batches it comes in.

    mnist.py     the real MNIST: from a folder, the cache or a mirror, verified by checksum
    sample.py    a fifth of it that ships inside the package: no network, no files
    mixtures.py  points in the plane whose true density is known
    shapes.py    simple shapes, drawn from known factors
    faces.py     people with known attributes; face_parts.py draws them
    folder.py    the pictures in a folder of your own
    batches.py   arrays (or one of those distributions) as shuffled batches that can be resumed

Everything here is a NumPy array on the host; trainers move each batch to where they compute.
No file of the engine needs this folder, so read it only if you wonder where the data come from.
"""

from .batches import Batches
from .faces import faces
from .folder import from_folder
from .mixtures import grid, ring, swiss_roll, two_moons
from .mnist import DataError, mnist
from .sample import mnist_sample
from .shapes import shapes

"""What there is to learn from: digits, drawn pictures and 2-D distributions, and the batches they come in.

    mnist.py     the real MNIST: from a folder, the cache or a mirror, verified by checksum
    sample.py    a fifth of it that ships inside the package: no network, no files
    mixtures.py  points in the plane whose true density is known
    faces.py     drawn faces, every attribute known; or a folder of your own pictures
    shapes.py    drawn shapes of known factors
    batches.py   arrays (or one of those distributions) as shuffled batches that can be resumed

Everything here is a NumPy array on the host; trainers move each batch to where they compute.
"""

from .batches import Batches
from .faces import faces, from_folder
from .mixtures import grid, ring, swiss_roll, two_moons
from .mnist import DataError, mnist
from .sample import mnist_sample
from .shapes import shapes

"""The training algorithms, each written out from top to bottom: autoencoder, vae, gan.

What they share (checks, options, record, loop) is called, not inherited. A list of names; skim it.
Read next: checks.py.
"""

from .autoencoder import AutoencoderTrainer
from .gan import GANTrainer
from .loop import STOP
from .record import Record
from .vae import VAETrainer

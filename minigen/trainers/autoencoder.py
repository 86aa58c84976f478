"""The autoencoder: an encoder squeezes x into a code z, a decoder makes x̂ from it, and both learn
to make x̂ like x.

    z = encoder(x)      x̂ = decoder(z)      descend ∇ L(x̂, x),  L = mean squared error per element

No label is used: the input is the target. The bottleneck, a z with fewer numbers than x, is what
makes it learn anything at all. Read next: record.py.
"""

from ..functional import mse_loss
from . import loop
from .checks import batch, names_of, require_one_number, require_tensor
from .record import Record, by_name, gradients_of, record_of_numbers


class AutoencoderTrainer:
    """encoder, decoder: anything with __call__, parameters() and named_parameters().

    optimizer: over the parameters of both (a parameter whose requires_grad is False stays as it is,
    and is left out). loss: a function (reconstruction, x) -> Tensor of one number."""

    def __init__(self, encoder, decoder, optimizer, loss=mse_loss):
        self.names = names_of(optimizer, {"encoder.": encoder, "decoder.": decoder},
                              "AutoencoderTrainer: the optimizer")
        self.encoder, self.decoder, self.optimizer, self.loss = encoder, decoder, optimizer, loss
        self.steps, self.record = 0, None

    def step(self, x):
        """One descent step on the batch x (m, ...).

        Record: value, gradients ("encoder.…", "decoder.…"), latent, reconstruction."""
        θ = self.optimizer.parameters
        x = batch(x, θ[0].dtype, "the batch")
        z = self.encoder(x)
        x_hat = self.decoder(z)
        require_tensor(z, "AutoencoderTrainer: the encoder", "codes")
        require_tensor(x_hat, "AutoencoderTrainer: the decoder", "reconstructions")
        value = self.loss(x_hat, x)
        require_one_number(value, "AutoencoderTrainer: the loss")

        gradients = gradients_of(value, θ, self.names, "the reconstruction loss")
        self.optimizer.step(gradients)
        self.steps += 1
        self.record = Record(value=value.data, gradients=by_name(self.names, gradients),
                             latent=z.data, reconstruction=x_hat.data)
        return self.record

    def fit(self, data, steps, **options):
        """`steps` steps on batches of `data`; for the options see trainers/loop.py."""
        return loop.fit(self, self.step, next, data, steps, **options)

    def progress(self):
        """The number beside the progress bar."""
        return {"loss": self.record.value}

    def records(self):
        """Each network's name -> the network and the record of its last update, or None."""
        return {"encoder": (self.encoder, self.record), "decoder": (self.decoder, self.record)}

    def parts(self):
        """What a checkpoint saves."""
        return {"encoder": self.encoder, "decoder": self.decoder, "optimizer": self.optimizer}

    def settings(self):
        """What a checkpoint saves besides parts and numbers."""
        return {}

    def resume_at(self, steps, numbers, settings):
        """Continue at the step of a checkpoint. numbers: network's name -> the numbers of its last
        record, or None."""
        self.steps, self.record = steps, record_of_numbers(numbers["encoder"])

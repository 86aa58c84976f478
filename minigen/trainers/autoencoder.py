"""The autoencoder: an encoder squeezes x into a code z, a decoder makes x̂ from it, and both learn to make x̂ like x.

    z = encoder(x)        x̂ = decoder(z)        descend ∇ L(x̂, x),  L = mean squared error per element

No label is used: the input is the target. The bottleneck, a z with fewer numbers than x, is what makes it learn
anything at all. Read next: vae.py.
"""

from ..autograd import grad
from ..functional import mse_loss
from . import loop
from .record import Record, batch, finite, named, same_parameters


class AutoencoderTrainer:
    """encoder, decoder: anything with __call__, parameters() and named_parameters(); optimizer: over the parameters of both.

    loss: a function (reconstruction, x) -> scalar Tensor; functional.mse_loss if left out."""

    def __init__(self, encoder, decoder, optimizer, loss=mse_loss):
        same_parameters(optimizer, [encoder, decoder], "AutoencoderTrainer: the optimizer")
        self.encoder, self.decoder, self.optimizer, self.loss = encoder, decoder, optimizer, loss
        self.steps, self.record = 0, None

    def step(self, x):
        """One descent step on the batch x (m, ...). Record: value, gradients ("encoder.…", "decoder.…"), latent, reconstruction."""
        x = batch(x, self.encoder, "the batch")
        z = self.encoder(x)
        x_hat = self.decoder(z)
        value = self.loss(x_hat, x)
        finite(value.data, "the reconstruction loss")

        names, parameters = both(self.encoder, self.decoder)
        gradients = grad(value, parameters)
        in_order(self.optimizer, parameters, gradients)
        self.steps += 1
        self.record = Record(value=value.data, gradients=named(names, gradients), latent=z.data, reconstruction=x_hat.data)
        return self.record

    def fit(self, data, steps, **options):
        """`steps` steps on batches of `data`; see minigen.trainers.loop.fit for data, callbacks, checkpoints."""
        return loop.fit(self, lambda source: self.step(next(source)), data, steps, **options)

    def progress(self):
        """The number beside the progress bar."""
        return {"loss": self.record.value}

    def parts(self):
        """What a checkpoint saves."""
        return {"encoder": self.encoder, "decoder": self.decoder, "optimizer": self.optimizer}


def both(encoder, decoder):
    """The dotted names and the parameters of the two networks."""
    pairs = [(f"{network}.{name}", p) for network, owner in (("encoder", encoder), ("decoder", decoder))
             for name, p in owner.named_parameters()]
    return [name for name, _ in pairs], [p for _, p in pairs]


def in_order(optimizer, parameters, gradients):
    """One optimizer step, the gradients put into the optimizer's own order of parameters."""
    found = {id(p): g for p, g in zip(parameters, gradients)}
    optimizer.step([found[id(p)] for p in optimizer.parameters])

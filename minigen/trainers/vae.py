"""The variational autoencoder (Kingma & Welling 2014): an autoencoder whose code is a distribution, and whose loss is a bound.

    mu, log_var = encoder(x)                            q(z|x) = N(mu, diag e^log_var)
    z = mu + exp(log_var / 2) · noise                   noise ~ N(0, I): the reparameterisation, section 2.4
    reconstruction = E log p(x|z)                       how well z explains x
    kl = ½ Σ (mu² + e^log_var − 1 − log_var)            how far q(z|x) is from the prior N(0, I); appendix B
    log p(x)  ≥  elbo = reconstruction − kl

The randomness enters as an input, so z is a differentiable function of mu and log_var, and the gradient of an average over
q is an average of gradients. (exp(log_var / 2) is the *standard deviation*: exp(log_var) there is the commonest bug.)
Everything is in nats per example: summed over pixels and dimensions, averaged over the batch. Read next: gan.py.
"""

import math

from ..autograd import grad
from ..functional import binary_cross_entropy_with_logits, exp, mse_loss, square, sum
from ..random import randn
from . import loop
from .record import Record, batch, finite, named, names_of, probabilities


def bernoulli(logits, x):
    """E log p(x|z) for pixels that are on with probability σ(logits), in nats per example."""
    return -binary_cross_entropy_with_logits(logits, x, reduction="sum") * (1 / len(x))


def gaussian(mean, x):
    """E log p(x|z) for p = N(mean, I), with its constant −½ log 2π per element, in nats per example."""
    return mse_loss(mean, x, reduction="sum") * (-0.5 / len(x)) - 0.5 * math.log(2 * math.pi) * (x.size // len(x))


def kl_to_prior(mu, log_var):
    """KL(N(mu, diag e^log_var) ‖ N(0, I)) = ½ Σ (mu² + e^log_var − 1 − log_var), in nats per example."""
    return sum(square(mu) + exp(log_var) - 1 - log_var) * (0.5 / len(mu))


class VAETrainer:
    """encoder(x) returns (mu, log_var), each (m, d); decoder(z) returns logits ("bernoulli") or means ("gaussian") of x's shape.

    Descends −(reconstruction − beta · kl). beta = 1 is the bound; larger values make it a beta-VAE (Higgins et al. 2017)."""

    def __init__(self, encoder, decoder, optimizer, beta=1.0, likelihood="bernoulli"):
        if likelihood not in ("bernoulli", "gaussian"):
            raise ValueError(f'VAETrainer: got likelihood {likelihood!r}, expected "bernoulli" or "gaussian"')
        if not math.isfinite(beta) or beta < 0:
            raise ValueError(f"VAETrainer: got beta = {beta}, expected a finite number >= 0")
        self.names = names_of(optimizer, {"encoder.": encoder, "decoder.": decoder}, "VAETrainer: the optimizer")
        self.encoder, self.decoder, self.optimizer, self.beta = encoder, decoder, optimizer, beta
        self.likelihood = {"bernoulli": bernoulli, "gaussian": gaussian}[likelihood]
        self.steps, self.record = 0, None

    def bound(self, x, noise=None):
        """(reconstruction, kl, mu, log_var, z) as Tensors for the batch x; noise (m, d), drawn from N(0, I) if left out."""
        encoded = self.encoder(x)
        shapes = [getattr(y, "shape", None) for y in encoded] if isinstance(encoded, tuple) else type(encoded).__name__
        if len(shapes) != 2 or shapes[0] != shapes[1] or not shapes[0] or shapes[0][0] != len(x):
            raise ValueError(f"VAETrainer: the encoder returned {shapes}, expected (mu, log_var), two Tensors of one shape (m, d)")
        mu, log_var = encoded
        noise = randn(*mu.shape) if noise is None else batch(noise, mu.dtype, "the noise")
        if noise.shape != mu.shape:
            raise ValueError(f"VAETrainer: got noise of shape {noise.shape}, expected {mu.shape}")
        z = mu + exp(log_var * 0.5) * noise
        return self.likelihood(self.decoder(z), x), kl_to_prior(mu, log_var), mu, log_var, z

    def step(self, x, noise=None):
        """One descent step on the batch x (m, ...).

        Record: elbo, reconstruction, kl in nats per example; value, what is descended, and its gradients ("encoder.…",
        "decoder.…"); mu, log_var, z."""
        x = batch(x, self.optimizer.parameters[0].dtype, "the batch")
        if self.likelihood is bernoulli:
            probabilities(x, "the batch")
        reconstruction, kl, mu, log_var, z = self.bound(x, noise)
        value = -(reconstruction - self.beta * kl)
        finite(value.data, "the bound")

        gradients = grad(value, self.optimizer.parameters)
        self.optimizer.step(gradients)
        self.steps += 1
        self.record = Record(elbo=reconstruction.data - kl.data, reconstruction=reconstruction.data, kl=kl.data,
                             value=value.data, gradients=named(self.names, gradients), mu=mu.data, log_var=log_var.data, z=z.data)
        return self.record

    def fit(self, data, steps, **options):
        """`steps` steps on batches of `data`; see minigen.trainers.loop.fit for data, callbacks, checkpoints."""
        return loop.fit(self, lambda source: self.step(next(source)), data, steps, **options)

    def progress(self):
        """The numbers beside the progress bar, in nats per example."""
        return {"elbo": self.record.elbo, "reconstruction": self.record.reconstruction, "kl": self.record.kl}

    def parts(self):
        """What a checkpoint saves."""
        return {"encoder": self.encoder, "decoder": self.decoder, "optimizer": self.optimizer}

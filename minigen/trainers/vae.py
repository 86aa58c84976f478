"""The variational autoencoder (Kingma & Welling 2014): an autoencoder whose code is a distribution,
and whose loss is a bound.

    mu, log_var = encoder(x)                        q(z|x) = N(mu, diag e^log_var)
    z = mu + exp(log_var / 2) · noise               noise ~ N(0, I): reparameterisation, section 2.4
    reconstruction = E log p(x|z)                   how well z explains x
    kl = ½ Σ (mu² + e^log_var − 1 − log_var)        how far q(z|x) is from N(0, I); appendix B
    log p(x)  ≥  elbo = reconstruction − kl

The randomness enters as an input, so z is a differentiable function of mu and log_var, and the
gradient of an average over q is an average of gradients. (exp(log_var / 2) is the *standard
deviation*: exp(log_var) in its place is the commonest bug.) Everything is in nats per example:
summed over pixels and dimensions, averaged over the batch. Read next: gan.py.
"""

import math

from ..functional import binary_cross_entropy_with_logits, exp, mse_loss, square, sum
from ..random import randn
from . import loop
from .checks import (batch, choice, names_of, require_non_negative, require_pixels,
                     require_probabilities, require_tensor, require_two_heads, same_noise_shape,
                     warn_of_sigmoid)
from .record import Record, by_name, gradients_of, record_of_numbers


def bernoulli(logits, x):
    """E log p(x|z) for pixels that are on with probability σ(logits), in nats per example."""
    return -binary_cross_entropy_with_logits(logits, x, reduction="sum") * (1 / len(x))


def gaussian(mean, x):
    """E log p(x|z) for p = N(mean, I), in nats per example, with its −½ log 2π per element."""
    constant = 0.5 * math.log(2 * math.pi) * (x.size // len(x))
    return mse_loss(mean, x, reduction="sum") * (-0.5 / len(x)) - constant


def kl_to_prior(mu, log_var):
    """KL(N(mu, diag e^log_var) ‖ N(0, I)) = ½ Σ (mu² + e^log_var − 1 − log_var), per example."""
    return sum(square(mu) + exp(log_var) - 1 - log_var) * (0.5 / len(mu))


class VAETrainer:
    """encoder(x) returns (mu, log_var), each (m, d); decoder(z) returns logits ("bernoulli") or
    means ("gaussian") of x's shape. Both have parameters() and named_parameters().

    Descends −(reconstruction − beta · kl). beta = 1 is the bound; larger values make it a beta-VAE
    (Higgins et al. 2017); trainer.beta may be changed between steps. optimizer: over the parameters
    of both (leave out those whose requires_grad is False: they stay)."""

    def __init__(self, encoder, decoder, optimizer, beta=1.0, likelihood="bernoulli"):
        choice("VAETrainer", ("bernoulli", "gaussian"), likelihood=likelihood)
        require_non_negative(beta, "VAETrainer: got beta")
        if likelihood == "bernoulli":
            warn_of_sigmoid(decoder, "VAETrainer: the decoder")
        self.names = names_of(optimizer, {"encoder.": encoder, "decoder.": decoder},
                              "VAETrainer: the optimizer")
        self.encoder, self.decoder, self.optimizer = encoder, decoder, optimizer
        self.beta = beta
        self.likelihood = {"bernoulli": bernoulli, "gaussian": gaussian}[likelihood]
        self.steps, self.record = 0, None

    def bound(self, x, noise=None):
        """(reconstruction, kl, mu, log_var, z) as Tensors for the batch x.

        noise (m, d), drawn from N(0, I) if left out."""
        encoded = self.encoder(x)
        require_two_heads(encoded, len(x))
        mu, log_var = encoded
        noise = randn(*mu.shape) if noise is None else batch(noise, mu.dtype, "the noise")
        same_noise_shape(noise, mu)
        z = mu + exp(log_var * 0.5) * noise
        decoded = self.decoder(z)
        require_tensor(decoded, "VAETrainer: the decoder", "logits or means")
        return self.likelihood(decoded, x), kl_to_prior(mu, log_var), mu, log_var, z

    def step(self, x, noise=None):
        """One descent step on the batch x (m, ...).

        Record: elbo, reconstruction, kl in nats per example; value, what is descended, and its
        gradients ("encoder.…", "decoder.…"); mu, log_var, z."""
        θ = self.optimizer.parameters
        pixels = require_probabilities if self.likelihood is bernoulli else None
        x = batch(x, θ[0].dtype, "the batch", pixels)
        reconstruction, kl, mu, log_var, z = self.bound(x, noise)
        value = -(reconstruction - self.beta * kl)

        gradients = gradients_of(value, θ, self.names, "the bound")
        self.optimizer.step(gradients)
        self.steps += 1
        self.record = Record(elbo=reconstruction.data - kl.data,
                             reconstruction=reconstruction.data, kl=kl.data,
                             value=value.data, gradients=by_name(self.names, gradients),
                             mu=mu.data, log_var=log_var.data, z=z.data)
        return self.record

    def fit(self, data, steps, **options):
        """`steps` steps on batches of `data`; for the options see trainers/loop.py."""
        if self.likelihood is bernoulli:
            require_pixels(data, "the data")    # now, since batches may be cut on a GPU
        return loop.fit(self, self.step, next, data, steps, **options)

    def progress(self):
        """The numbers beside the progress bar, in nats per example."""
        record = self.record
        return {"elbo": record.elbo, "reconstruction": record.reconstruction, "kl": record.kl}

    def records(self):
        """Each network's name -> the network and the record of its last update, or None."""
        return {"encoder": (self.encoder, self.record), "decoder": (self.decoder, self.record)}

    def parts(self):
        """What a checkpoint saves."""
        return {"encoder": self.encoder, "decoder": self.decoder, "optimizer": self.optimizer}

    def settings(self):
        """What a checkpoint saves besides parts and numbers."""
        return {"beta": float(self.beta)}

    def resume_at(self, steps, numbers, settings):
        """Continue at the step of a checkpoint. numbers: network's name -> the numbers of its last
        record, or None."""
        self.beta = settings.get("beta", self.beta)
        self.steps, self.record = steps, record_of_numbers(numbers["encoder"])

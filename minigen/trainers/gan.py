"""Generative adversarial networks: Algorithm 1 of Goodfellow et al. 2014, in its own order and symbols.

    for number of training iterations do
        for k steps do                                                                                    phase 1
            Sample m noise vectors z⁽ⁱ⁾ from the prior, and m examples x⁽ⁱ⁾ from the data.
            Update D by ascending    ∇θd 1/m Σ [ log D(x⁽ⁱ⁾) + log(1 − D(G(z⁽ⁱ⁾))) ]
        end for
        Sample m noise vectors z⁽ⁱ⁾ from the prior.                                                       phase 2
        Update G by descending       ∇θg 1/m Σ log(1 − D(G(z⁽ⁱ⁾)))
    end for

In phase 1 G is frozen: its samples are data. In phase 2 D is frozen: its parameters are constants, but the gradient
passes *through* it, and what arrives at the sample, ∂value/∂G(z), is all that G ever learns about the data.
D returns logits s, with D(x) = σ(s), so that log D = log σ(s) and log(1 − D) = log σ(−s) are exact in both tails.
"""

import itertools
import numbers

from ..autograd import Tensor, grad
from ..backend import is_array
from ..modes import frozen
from ..functional import concatenate, logsigmoid, mean, sigmoid
from . import loop
from .record import Record, batch, finite, named, names_of


class GANTrainer:
    """The minimax game min over G, max over D of V(D, G) = E log D(x) + E log(1 − D(G(z))).

    generator, discriminator: anything with __call__, parameters() and named_parameters(); the discriminator returns logits
    (m, 1). generator_loss: "saturating", mean log(1 − D(G(z))), the algorithm box; or "non_saturating", −mean log D(G(z)),
    whose gradient does not vanish while D rejects every sample (section 3 of the paper). prior: a function of m that returns m
    noise vectors; may be left out where noise is always given. batches: "separate", D sees real and fake one after the
    other, or "joint", as one batch of 2m (with batch normalisation in D the two differ)."""

    def __init__(self, generator, discriminator, generator_optimizer, discriminator_optimizer, k=1, generator_loss="saturating",
                 prior=None, batches="separate"):
        if not isinstance(k, numbers.Integral) or k < 1:
            raise ValueError(f"GANTrainer: got k = {k!r}, expected an integer >= 1, the discriminator's steps per iteration")
        if generator_loss not in ("saturating", "non_saturating"):
            raise ValueError(f'GANTrainer: got generator_loss {generator_loss!r}, expected "saturating" or "non_saturating"')
        if batches not in ("separate", "joint"):
            raise ValueError(f'GANTrainer: got batches {batches!r}, expected "separate" or "joint"')
        self.generator_names = names_of(generator_optimizer, {"": generator}, "GANTrainer: generator_optimizer")
        self.discriminator_names = names_of(discriminator_optimizer, {"": discriminator}, "GANTrainer: discriminator_optimizer")
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.k, self.generator_loss, self.prior, self.batches = k, generator_loss, prior, batches
        self.steps = 0                                          # iterations done
        self.phase_1 = self.phase_2 = None                      # the records of the last one

    def update_discriminator(self, real, noise=None):
        """Phase 1: ascend  ∇θd 1/m Σ [ log D(x⁽ⁱ⁾) + log(1 − D(G(z⁽ⁱ⁾))) ],  G frozen.

        Record: value, gradients (name -> ∂value/∂θd), d_real, d_fake, logit_gradients {"real", "fake"}."""
        G, θd = self.generator, self.discriminator_optimizer.parameters
        x = batch(real, θd[0].dtype, "phase 1: the real batch")
        z = self._noise(len(x), noise)

        with frozen(G):
            fake = G(z)                                         # constants: no tape behind them
        real_logits, fake_logits = self._judge(x, fake)
        value = mean(logsigmoid(real_logits)) + mean(logsigmoid(-fake_logits))
        finite(value.data, "phase 1: the value V(D, G)")
        *gradients, real_gradient, fake_gradient = grad(value, [*θd, real_logits, fake_logits])
        self.discriminator_optimizer.step([-g.data for g in gradients])         # ascend V = descend −V

        return Record(value=value.data, gradients=named(self.discriminator_names, gradients),
                      d_real=_probability(real_logits), d_fake=_probability(fake_logits),
                      logit_gradients={"real": real_gradient.data, "fake": fake_gradient.data})

    def update_generator(self, m, noise=None):
        """Phase 2: descend  ∇θg 1/m Σ log(1 − D(G(z⁽ⁱ⁾)))  through the composed network,  D frozen.

        Record: value, gradients (name -> ∂value/∂θg), d_fake, logit_gradients {"fake"}, sample_gradient = ∂value/∂G(z)."""
        G, D, θg = self.generator, self.discriminator, self.generator_optimizer.parameters
        z = self._noise(m, noise)

        fake = G(z)
        with frozen(D):
            fake_logits = self._logits(fake)                    # constant weights, but the tape goes on to G
        if self.generator_loss == "saturating":
            value = mean(logsigmoid(-fake_logits))              # log(1 − D(G(z)))
        else:
            value = -mean(logsigmoid(fake_logits))              # −log D(G(z))
        finite(value.data, "phase 2: the generator's value")
        *gradients, fake_gradient, sample_gradient = grad(value, [*θg, fake_logits, fake])
        self.generator_optimizer.step(gradients)                # descend

        return Record(value=value.data, gradients=named(self.generator_names, gradients),
                      d_real=None, d_fake=_probability(fake_logits),
                      logit_gradients={"fake": fake_gradient.data}, sample_gradient=sample_gradient.data)

    def step(self, batches):
        """One iteration: phase 1 on each of the k real batches, phase 2 once. Returns the record of phase 2.

        batches: an iterable of k real batches; ValueError if there are fewer or more."""
        if is_array(batches) or isinstance(batches, Tensor):
            raise TypeError("step takes an iterable of k batches, got one array: step([x]) for k = 1")
        batches = list(itertools.islice(batches, self.k + 1))
        if len(batches) != self.k:
            raise ValueError(f"step: got {'fewer' if len(batches) < self.k else 'more'} than k = {self.k} real batches")
        for x in batches:
            self.phase_1 = self.update_discriminator(x)
        self.phase_2 = self.update_generator(len(batches[-1]))
        self.steps += 1
        return self.phase_2

    def fit(self, data, steps, **options):
        """`steps` iterations on batches of `data`; see minigen.trainers.loop.fit for data, callbacks, checkpoints."""
        return loop.fit(self, lambda source: self.step(itertools.islice(source, self.k)), data, steps, **options)

    def progress(self):
        """The numbers beside the progress bar: V, D(x), D(G(z)) of the last phase 1."""
        return {"V": self.phase_1.value, "D(x)": self.phase_1.d_real, "D(G(z))": self.phase_1.d_fake}

    def parts(self):
        """What a checkpoint saves."""
        return {name: getattr(self, name) for name in ("generator", "discriminator", "generator_optimizer", "discriminator_optimizer")}

    def _noise(self, m, noise):
        if not isinstance(m, numbers.Integral) or m < 1:
            raise ValueError(f"GANTrainer: got m = {m!r}, expected an integer >= 1, the number of samples")
        if noise is None and self.prior is None:
            raise ValueError("GANTrainer: no noise was given, and there is no prior to draw it from: prior=lambda m: mg.randn(m, 100)")
        z = batch(self.prior(m) if noise is None else noise, self.generator_optimizer.parameters[0].dtype, "the noise")
        if len(z) != m:
            raise ValueError(f"GANTrainer: got {len(z)} noise vectors for a batch of m = {m}")
        return z

    def _judge(self, x, fake):
        """D's logits on the real and on the generated samples."""
        if x.shape != fake.shape:
            raise ValueError(f"GANTrainer: real samples have shape {x.shape}, but G makes {fake.shape}")
        if self.batches == "separate":
            return self._logits(x), self._logits(fake)
        both = self._logits(concatenate([x, fake]))
        return both[:len(x)], both[len(x):]

    def _logits(self, samples):
        logits = self.discriminator(samples)
        if getattr(logits, "shape", None) != (len(samples), 1):
            raise ValueError(f"GANTrainer: the discriminator returned shape {getattr(logits, 'shape', None)}, expected one logit per "
                             f"sample, ({len(samples)}, 1)")
        return logits


def _probability(logits):
    """Mean σ(logits), for when it is asked. It holds the array alone: with the Tensor, a kept record would keep the tape."""
    values = logits.data
    return lambda: mean(sigmoid(values))

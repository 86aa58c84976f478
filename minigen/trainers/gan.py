"""Generative adversarial networks: Algorithm 1 of Goodfellow et al. 2014, in its own order and
symbols.

    for number of training iterations do
        for k steps do                                                                     phase 1
            Sample m noise vectors z⁽ⁱ⁾ from the prior, and m examples x⁽ⁱ⁾ from the data.
            Update D by ascending    ∇θd 1/m Σ [ log D(x⁽ⁱ⁾) + log(1 − D(G(z⁽ⁱ⁾))) ]
        end for
        Sample m noise vectors z⁽ⁱ⁾ from the prior.                                        phase 2
        Update G by descending       ∇θg 1/m Σ log(1 − D(G(z⁽ⁱ⁾)))
    end for

In phase 1 G is frozen: its samples are data. In phase 2 D is frozen: its parameters are constants,
but the gradient passes *through* it, and what arrives at the sample, ∂value/∂G(z), is all that G
ever learns about the data. D returns logits s, with D(x) = σ(s), so that log D = log σ(s) and
log(1 − D) = log σ(−s) are exact in both tails.
"""

import itertools

from .. import functional as F
from ..errors import integer
from ..modes import frozen
from . import loop
from .checks import (batch_and_labels, choice, exactly_k, names_of, number_of_examples,
                     require_as_many, require_logits, require_prior, require_tensor, same_kind,
                     warn_of_sigmoid)
from .record import Record, by_name, gradients_of, mean_probability, record_of_numbers


class GANTrainer:
    """The minimax game min over G, max over D of V(D, G) = E log D(x) + E log(1 − D(G(z))).

    generator, discriminator: anything with __call__, parameters() and named_parameters(); the
        discriminator returns logits (m, 1).
    generator_optimizer, discriminator_optimizer: over the parameters of one network each (leave out
    those whose requires_grad is False: they stay). k: how many steps of D an iteration has.
    generator_loss: "saturating", mean log(1 − D(G(z))), the algorithm box; or "non_saturating",
        −mean log D(G(z)), whose gradient does not vanish while D rejects every sample (section 3).
    prior: a function of m that returns m noise vectors; not needed where noise is always given.
    batches: "separate", D sees real and fake one after the other; or "joint", as one batch of 2m
        (with batch normalisation in D the two differ).

    A conditional GAN (Mirza & Osindero 2014) has labels as a second input of both networks: give
    real batches as tuples (x, y), as Batches(images, labels, size=m) does, and noise as tuples
    (z, c). Below, y and c are empty for every other GAN."""

    def __init__(self, generator, discriminator, generator_optimizer, discriminator_optimizer,
                 k=1, generator_loss="saturating", prior=None, batches="separate"):
        integer("GANTrainer", 1, k=k)
        choice("GANTrainer", ("saturating", "non_saturating"), generator_loss=generator_loss)
        choice("GANTrainer", ("separate", "joint"), batches=batches)
        require_prior(prior)
        warn_of_sigmoid(discriminator, "GANTrainer: the discriminator")
        self.generator_names = names_of(generator_optimizer, {"": generator},
                                        "GANTrainer: generator_optimizer")
        self.discriminator_names = names_of(discriminator_optimizer, {"": discriminator},
                                            "GANTrainer: discriminator_optimizer")
        self.generator, self.discriminator = generator, discriminator
        self.generator_optimizer = generator_optimizer
        self.discriminator_optimizer = discriminator_optimizer
        self.k, self.generator_loss, self.prior, self.batches = k, generator_loss, prior, batches
        self.steps = 0                                          # iterations done
        self.phase_1 = self.phase_2 = None                      # the records of the last one

    def step(self, batches):
        """One iteration: phase 1 on each of the k real batches, then phase 2 once.

        batches: an iterable of k real batches; ValueError if there are fewer or more. Returns the
        record of phase 2; that of the last phase 1 is trainer.phase_1."""
        for x in exactly_k(batches, self.k):                    # for k steps do
            self.phase_1 = self.update_discriminator(x)
        self.phase_2 = self.update_generator(number_of_examples(x))
        self.steps += 1
        return self.phase_2

    def update_discriminator(self, real, noise=None):
        """Phase 1: ascend  ∇θd 1/m Σ [ log D(x⁽ⁱ⁾) + log(1 − D(G(z⁽ⁱ⁾))) ],  G frozen.

        Record: value, gradients (name -> ∂value/∂θd), d_real, d_fake, logit_gradients {"real",
        "fake"}."""
        G, θd = self.generator, self.discriminator_optimizer.parameters
        x, *y = batch_and_labels(real, θd[0].dtype, "phase 1: the real batch")
        z, *c = self._sample_noise(len(x), noise)

        with frozen(G):
            fake = G(z, *c)                                     # constants: no tape behind them
        require_tensor(fake, "GANTrainer: the generator", "samples")
        real_logits, fake_logits = self._logits_of_both([x, *y], [fake, *c])
        value = F.mean(F.logsigmoid(real_logits)) + F.mean(F.logsigmoid(-fake_logits))
        *gradients, real_gradient, fake_gradient = gradients_of(
            value, [*θd, real_logits, fake_logits], self.discriminator_names,
            "phase 1: the value V(D, G)")
        self.discriminator_optimizer.step([-g.data for g in gradients])     # ascend V: descend −V

        return Record(value=value.data, gradients=by_name(self.discriminator_names, gradients),
                      d_real=mean_probability(real_logits), d_fake=mean_probability(fake_logits),
                      logit_gradients={"real": real_gradient.data, "fake": fake_gradient.data})

    def update_generator(self, m, noise=None):
        """Phase 2: descend  ∇θg 1/m Σ log(1 − D(G(z⁽ⁱ⁾)))  through the composed network,  D frozen.

        Record: value, gradients (name -> ∂value/∂θg), d_fake, logit_gradients {"fake"},
        sample_gradient = ∂value/∂G(z)."""
        G, D, θg = self.generator, self.discriminator, self.generator_optimizer.parameters
        z, *c = self._sample_noise(m, noise)

        fake = G(z, *c)
        require_tensor(fake, "GANTrainer: the generator", "samples")
        with frozen(D):
            fake_logits = self._logits(fake, *c)                # constant weights, a tape on to G
        if self.generator_loss == "saturating":
            value = F.mean(F.logsigmoid(-fake_logits))          # log(1 − D(G(z)))
        else:
            value = -F.mean(F.logsigmoid(fake_logits))          # −log D(G(z))
        *gradients, fake_gradient, sample_gradient = gradients_of(
            value, [*θg, fake_logits, fake], self.generator_names,
            "phase 2: the generator's value")
        self.generator_optimizer.step(gradients)                # descend

        return Record(value=value.data, gradients=by_name(self.generator_names, gradients),
                      d_real=None, d_fake=mean_probability(fake_logits),
                      logit_gradients={"fake": fake_gradient.data},
                      sample_gradient=sample_gradient.data)

    def _sample_noise(self, m, noise):
        """[z], or [z, c] with labels: m noise vectors from the prior, unless they were given."""
        integer("GANTrainer", 1, m=m)
        if noise is None:
            require_prior(self.prior, needed=True)
            noise = self.prior(m)
        z, *c = batch_and_labels(noise, self.generator_optimizer.parameters[0].dtype, "the noise")
        require_as_many(z, m)
        return [z, *c]

    def _logits_of_both(self, real, fake):
        """D's logits on the real and on the generated samples, each with its labels, if any."""
        same_kind(real, fake)
        if self.batches == "separate":
            return self._logits(*real), self._logits(*fake)
        both = self._logits(*[F.concatenate(pair) for pair in zip(real, fake)])
        m = len(real[0])
        return both[:m], both[m:]

    def _logits(self, samples, *labels):
        logits = self.discriminator(samples, *labels)
        require_logits(logits, len(samples))
        return logits

    def fit(self, data, steps, **options):
        """`steps` iterations on batches of `data`; for the options see trainers/loop.py."""
        return loop.fit(self, self.step, lambda source: [*itertools.islice(source, self.k)],
                        data, steps, **options)

    def progress(self):
        """The numbers beside the progress bar: V, D(x), D(G(z)) of the last phase 1."""
        one = self.phase_1
        return {"V": one.value, "D(x)": one.d_real, "D(G(z))": one.d_fake}

    def records(self):
        """Each network's name -> the network and the record of its last update, or None."""
        return {"D": (self.discriminator, self.phase_1), "G": (self.generator, self.phase_2)}

    def parts(self):
        """What a checkpoint saves."""
        return {"generator": self.generator, "discriminator": self.discriminator,
                "generator_optimizer": self.generator_optimizer,
                "discriminator_optimizer": self.discriminator_optimizer}

    def settings(self):
        """What a checkpoint saves besides parts and numbers."""
        return {}

    def resume_at(self, steps, numbers, settings):
        """Continue at the step of a checkpoint. numbers: network's name -> the numbers of its last
        record, or None."""
        self.steps = steps
        self.phase_1, self.phase_2 = (record_of_numbers(numbers[name]) for name in ("D", "G"))

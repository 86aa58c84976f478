"""Every gradient of the minimax game, visible: a page that steps through Algorithm 1 line by line.

A small game in the plane is played and recorded: nets of width 16, so that every weight and every
gradient fits the screen. The page shows the paper's line, the line of trainers/gan.py that ran, and
the numbers it made; beside the run stand four others, really played: the saturating loss, k = 5, no
momentum, and freezing forgotten. Open it with any browser; it needs no network. Read next:
minigen/inspect/recorder.py.

    python demos/gradient_theatre.py             under a minute on two cores
    python demos/gradient_theatre.py --open      and opens the page in the browser
"""

# %% The game: points on a ring, two small players, plain gradient descent with momentum
import webbrowser

import numpy as np
from shared import pictures, run
from shared.claims import Claims

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.data import ring
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

arguments = run.arguments(__doc__, steps=1500, options={
    "--open": dict(action="store_true", help="open the page in the browser")})
STEPS, m, RATE = arguments.steps, 64, 0.05
p = ring(modes=8, radius=2.0, std=0.3)


def players():
    """G: z (m, 2) -> points (m, 2);  D: points (m, 2) -> logits (m, 1)"""
    return (Sequential(Dense(2, 16), ReLU(), Dense(16, 16), ReLU(), Dense(16, 2)),
            Sequential(Dense(2, 16), LeakyReLU(0.2), Dense(16, 16), LeakyReLU(0.2), Dense(16, 1)))


class FreezingForgotten(mg.trainers.GANTrainer):
    """Phase 2 without `with frozen(D)`, and a step for all that got a gradient: the old mistake."""

    def update_generator(self, m, noise=None):
        θg, θd = self.generator_optimizer.parameters, self.discriminator_optimizer.parameters
        z, = self._sample_noise(m, noise)
        fake = self.generator(z)
        fake_logits = self.discriminator(fake)                  # D's weights are on the tape too
        value = -F.mean(F.logsigmoid(fake_logits))
        *gradients, logit_gradient, sample_gradient = mg.grad(
            value, [*θg, *θd, fake_logits, fake])
        self.generator_optimizer.step(gradients[:len(θg)])
        self.discriminator_optimizer.step(gradients[len(θg):])  # D learns to call fakes real
        return mg.trainers.Record(
            value=value.data,
            gradients={name: g.data for name, g in zip(self.generator_names, gradients)},
            logit_gradients={"fake": logit_gradient.data}, sample_gradient=sample_gradient.data,
            d_fake=F.mean(F.sigmoid(fake_logits.data)))


def play(steps, iterations, trainer=mg.trainers.GANTrainer, momentum=0.5, **options):
    """A game from the same weights and the same random numbers: (trainer, recording)."""
    mg.seed(arguments.seed)
    G, D = players()
    optimizers = [mg.optim.SGD(network.parameters(), RATE, momentum) for network in (G, D)]
    options = {"generator_loss": "non_saturating", **options}
    played = trainer(G, D, *optimizers, prior=lambda n: mg.randn(n, 2), **options)
    recorder = inspect.Recorder(iterations, density=p.density)
    played.fit(p, steps, batch_size=m, callbacks=[recorder])
    return played, recorder.recording


# %% The run, recorded in full now and then, and in summary at every iteration
def spread(steps, shares):
    """Iteration 1, these shares of the run, and its end."""
    return sorted({1, steps, *(max(round(steps * share), 1) for share in shares)})


trainer, recording = play(STEPS, spread(STEPS, (.003, .02, .07, .13, .2, .3, .4, .6)))
recording.save(arguments.out / "recording.npz")

# %% What would have happened: four other runs, each played and recorded
HALF = max(STEPS // 2, 1)
others = {
    "saturating loss": (
        play(STEPS, spread(STEPS, (.07, .2)), generator_loss="saturating")[1],
        "G descends log(1 − D(G(z))), as the algorithm box has it: the gradient is D(G(z)) times "
        "what it could be, and vanishes where D rejects the samples."),
    "k = 5": (
        play(HALF, spread(HALF, (.2,)), k=5)[1],
        "Five steps of D in each iteration: D stays close to its best, and G is told more "
        f"(half as many iterations, {HALF:,})."),
    "no momentum": (
        play(STEPS, spread(STEPS, (.2,)), momentum=0.0)[1],
        "Momentum 0 instead of 0.5, at the same rate: every step is half as long in the end."),
    "freezing forgotten": (
        play(HALF, spread(HALF, (.4,)), trainer=FreezingForgotten)[1],
        "D is not frozen in phase 2, and is moved along G's gradient: it learns in one phase to "
        "call real what it learns in the other to reject."),
}

# %% The page
page = arguments.out / "theatre.html"
size = recording.to_html(page, counterfactuals=others,
                         title="Gradient theatre: every gradient of the minimax game", watched=6)
figure = recording.plot(recording.iterations[len(recording) // 2])
pictures.save(figure, arguments.out / "iteration.png")

# %% What the page says, checked against what the trainer says
claims = Claims()
last = recording[STEPS]
records = {name: record for name, (_, record) in trainer.records().items()}
differences = [abs(seen[name] - mg.to_numpy(g)).max()
               for seen, record in ((last.discriminator.gradients, records["D"]),
                                    (last.generator.gradients, records["G"]))
               for name, g in record.gradients.items()]
claims.equal("the recorded gradients are those of the trainer: largest difference",
             float(max(differences)), 0.0)
checked = np.concatenate([rows for iteration in recording for phase in iteration.phases
                          for network in phase.networks.values()
                          for rows in network.checks.values()])
claims.at_most(f"gradients against central differences, {len(checked)} entries: largest "
               "difference", abs(checked[:, 1] - checked[:, 2]).max(), 1e-5)
one = last.phases[0]
closed = (1 - F.sigmoid(one.tensors["real_logits"])) / m
claims.at_most("∂V/∂s at real points is (1 − D(x))/m: largest difference",
               abs(one.tensor_gradients["real_logits"] - closed).max(), 1e-7)


def moved_while_frozen(recording):
    """In how many phases a network moved that another phase updates, and in how many it could."""
    phases = [phase for iteration in recording for phase in iteration.phases]
    still = [phase.networks["generator" if phase.name == "phase 1" else "discriminator"]
             for phase in phases]
    return sum(any((n.before[key] != n.after[key]).any() for key in n.before)
               for n in still), len(still)


moved, phases = moved_while_frozen(recording)
claims.equal(f"a frozen network moves in none of {phases} phases", moved, 0)
forgotten, phases = moved_while_frozen(others["freezing forgotten"][0])
claims.equal("... where freezing is forgotten D moves in every phase 2", forgotten, phases // 2)
claims.at_most("the page, in MB", size / 1e6, 3.0, digits=0)


def divergence(recording):
    """JSD(p ‖ q) at the last iteration, in nats"""
    return float(recording[recording.iterations[-1]].phases[0].views["jsd"])


claims.report(f"JSD(p ‖ q) at the end, nats (at the start: "
              f"{float(recording[1].phases[0].views['jsd']):.2f}, log 2 = 0.69)",
              divergence(recording))
for name, (other, _) in others.items():
    claims.report(f"... {name}, after {other.iterations[-1]:,} iterations", divergence(other))
run.finish(arguments, claims)
if arguments.open:
    webbrowser.open(page.resolve().as_uri())

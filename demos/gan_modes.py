"""Which modes does a GAN find? The ring of 8 and the grid of 25, counted by the published protocol.

A generator can satisfy its discriminator with a part of the data: mode collapse. The vanilla GAN of
gan_2d.py plays on the standard mixtures, and on an easier ring with another loss, momentum and
number k of D's steps. Two papers publish counts for the same data under the same name "GAN", 1 and
6.3 of 8 modes, so there is no pass mark for the published tests: the counts stand side by side.
Read next: ganhacks.py, tips against it, measured.

    python demos/gan_modes.py              a third of a minute on two cores
    python demos/gan_modes.py --full       larger networks and batches, 5,000 iterations, three
                                           seeds: a quarter of an hour
"""

# %% The two players, and Algorithm 1
from shared import pictures, run
from shared.claims import Claims
from shared.pictures import COLOURS, plt

import minigen as mg
from minigen.data import grid, ring
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential
from minigen.metrics import mode_coverage

FLAG = {"type": run.positive,
        "help": "how many runs of each test, from --seed on (default 1; 3 with --full)"}
arguments = run.arguments(__doc__, steps=3000, quick=10, full=5000, options={"--seeds": FLAG})
SEEDS = range(arguments.seed, arguments.seed + (arguments.seeds or (3 if arguments.full else 1)))
STEPS, LATENT = arguments.steps, 16
hidden, m = (128, 256) if arguments.full else (64, 128)


def game(loss="non_saturating", k=1, momentum=0.5):
    """A GANTrainer with Adam for both players; momentum is Adam's first beta."""
    G = Sequential(Dense(LATENT, hidden), ReLU(), Dense(hidden, hidden), ReLU(), Dense(hidden, 2))
    D = Sequential(Dense(2, hidden), LeakyReLU(0.2), Dense(hidden, hidden), LeakyReLU(0.2),
                   Dense(hidden, 1))
    players = [
        mg.optim.Adam(network.parameters(), 1e-3, betas=(momentum, 0.999)) for network in (G, D)
    ]
    return mg.trainers.GANTrainer(G, D, *players, k=k, generator_loss=loss,
                                  prior=lambda n: mg.randn(n, LATENT))


# %% The tests: data, and what is changed in the game
easy, published = ring(8, radius=2.0, std=0.02), ring(8, radius=1.0, std=0.01)
SETTINGS = {
    "easy ring: radius 2, std .02": (easy, {}),
    "easy ring, saturating": (easy, {"loss": "saturating"}),
    "easy ring, momentum 0.9": (easy, {"momentum": 0.9}),
    "easy ring, k = 5": (easy, {"k": 5}),
    "published ring: radius 1, std .01": (published, {}),
    "published grid: 5 × 5, std .05": (grid(), {})}


def play(seed, data, options):
    """2,500 samples of a G that played against D for all STEPS, and their coverage of the data's
    modes"""
    mg.seed(seed)                               # all settings start from the same weights
    trainer = game(**options)
    trainer.fit(data, STEPS if trainer.k == 1 else max(STEPS // 3, 1), batch_size=m, compiled=True)
    with mg.no_grad():
        samples = mg.to_numpy(trainer.generator(mg.randn(2500, LATENT)))
    return samples, mode_coverage(samples, data.means, data.std)


runs = {name: [play(seed, *setting) for seed in SEEDS] for name, setting in SETTINGS.items()}


# %% The counts, beside the published ones
def show(name, seed, modes, c):
    print(f"{name:36} {seed:>4}   {c.modes:2} / {modes:2} {c.fair_modes:6} / {modes:2} "
          f"{100 * c.high_quality:12.1f}% {c.reverse_kl:12.3f}")


print(f"\n{'2,500 samples of each run':36} seed   modes   fair share   high quality   reverse KL")
for name, found in runs.items():
    for seed, (_, c) in zip(SEEDS, found):
        show(name, seed, len(SETTINGS[name][0].means), c)
points = mode_coverage(easy.sample(2500), easy.means, easy.std)
show("(real points of the easy ring)", "", 8, points)
print("""Published for "GAN", modes and high quality:
    ring 1 / 99.3%, grid 3.3 / 0.5%           (VEEGAN 2017, table 1)
    ring 6.3 / 98.2%, grid 17.3 / 94.8%       (PacGAN 2018, table 1)
A mode counts with one sample within 3 std of its mean, and has its fair share with a fifth of the
even share.""")


def counts_of(name):
    """Modes and share of good samples of each run, as a text"""
    return "; ".join(f"{c.modes}, {100 * c.high_quality:.1f}%" for _, c in runs[name])


claims = Claims()
for name, known in (("published ring: radius 1, std .01", "VEEGAN: 1, PacGAN: 6.3 of 8"),
                    ("published grid: 5 × 5, std .05", "VEEGAN: 3.3, PacGAN: 17.3 of 25")):
    claims.report(f"{name}: modes, high quality ({known})", counts_of(name))
best = "easy ring: radius 2, std .02"
well = all(c.modes >= 7 and c.high_quality >= 0.7 for _, c in runs[best])
claims.holds("easy ring: the same of 8", counts_of(best), ">= 7, >= 70%", well, when=arguments.full)
for option in ("saturating", "momentum 0.9", "k = 5"):
    claims.report(f"... {option}" + ", a third of G's steps" * (option == "k = 5"),
                  counts_of(f"easy ring, {option}"))

# %% The picture
figure, panels = plt.subplots(2, 3, figsize=(13, 9))
for axes, (name, ((samples, c), *_)) in zip(panels.flat, runs.items()):
    means = SETTINGS[name][0].means
    axes.scatter(*samples.T, s=2, color=COLOURS["generated"], alpha=0.5)
    for mean in means:
        axes.add_patch(
            plt.Circle(mean, 3 * SETTINGS[name][0].std, fill=False, color=COLOURS["real"],
                       linewidth=1.5))
    edge = 1.5 * abs(means).max()
    axes.set(
        xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal", xlabel="x₁", ylabel="x₂",
        title=f"{name}\n{c.modes} of {len(means)} modes, {100 * c.high_quality:.0f}% high quality")
figure.suptitle(
    f"Which modes the vanilla GAN makes (circles: 3 std; {STEPS:,} iterations, k = 5: a third)",
    x=0.01, ha="left")
pictures.save(figure, arguments.out / "modes.png")

run.finish(arguments, claims)

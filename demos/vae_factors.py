"""Do different dimensions of z encode interpretable factors? Three ways to weight one bound, on
drawings whose factors are known.

768 drawings: 3 shapes × 4 scales × 8 places in x × 8 in y, all combinations. Nothing in the bound
asks for one dimension a factor: p(x) stays the same when z is turned, and by theorem 1 of Locatello
et al. 2019 nothing can tell without labels. What there is, are tendencies. Let q(z) be the mean of
q(z|x) over the data. Multiply and divide q(z|x) / p(z) by q(z) and by the product of its marginals,
and the KL in the bound falls into three (Chen et al. 2018, equation 2):

    E KL(q(z|x) ‖ p(z))  =  I(x; z)                         what z says of x
                         +  KL(q(z) ‖ Π q(z_j))             total correlation of z's dimensions
                         +  Σ KL(q(z_j) ‖ p(z_j))           each one's distance from the prior

A beta-VAE (Higgins et al. 2017) weights all three with beta, so it pays for independence with what
z says of x. A beta-TCVAE weights the second alone, and that can favour axes: places in x and y fill
a square, and a turned square's sides depend on each other, where a turned Gaussian's do not. All is
measured over seeds, beside an untrained network, and every dimension is asked what it moves.

    python demos/vae_factors.py                 three minutes on two cores
"""

# %% What the lecture shows, and what this run asks
import itertools
import math
from fractions import Fraction

import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import in_batches, parameters_of
from shared.pictures import COLOURS, plt
from shared.traversals import (DRAWINGS, FACTORS, NAMES, VALUES, movement, name_of, owned,
                               traversal)

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Layer, ReLU, Sequential
from minigen.metrics import (beta_vae_score, gaussian_kl, mutual_information_gap, paired_interval,
                             wilson_interval)
from minigen.trainers.vae import bernoulli, kl_to_prior

arguments = run.arguments(__doc__, steps=3000, quick=20, options={
    "--seeds": dict(type=run.several, default=5, help="paired runs, 2 or more (default 5)"),
    "--beta": dict(type=run.not_negative, default=6.0,
                   help="the weight of the KL, or of the total correlation (default 6)")})
SEEDS = 2 if arguments.quick else arguments.seeds
# drawings; latent dimensions, hidden units, drawings in a batch. With 64, which tell less of q(z),
# the beta-TCVAE's mutual information gaps were 0.44 and 0.28 in seeds 0 and 1 (128: 0.59 and 0.56)
N, D, H, M = len(DRAWINGS), 6, 128, 128


# %% Total correlation, from one batch
def log_densities(z, mu, log_var):
    """log N(z_j; mu_j, e^log_var_j) of each z (m, D) in each posterior (n, D), in every dimension:
    (m, n, D)"""
    z, mu, log_var = z[:, None], mu[None], log_var[None]
    return -0.5 * (F.square(z - mu) * F.exp(-log_var) + (log_var + math.log(2 * math.pi)))


def log_weights(m, n):
    """log of how much each posterior counts where q(z) = 1/n Σ q(z|x) is estimated from m of n
    drawings, for a z that was drawn from the i-th: (m, m)

    The i-th is in every batch that such a z comes with, so it counts 1/n, as in q(z). The m − 1
    others stand for n − 1. Averaged over all batches with the i-th in them, the estimate is q(z):
    minibatch stratified sampling (Chen et al., appendix C), the others weighted alike."""
    others = (n - 1) / n / (m - 1)
    return np.log(np.where(np.eye(m, dtype=bool), 1 / n, others)).astype("float32")


def total_correlation(z, mu, log_var, n):
    """KL(q(z) ‖ Π q(z_j)) = E [log q(z) − Σ log q(z_j)], each z (m, D) being a draw from its row of
    mu, log_var, and these m of the n posteriors of which q(z) is the mean

    The logarithm of an estimate is biased where the estimate is not: too low, for small m."""
    each, weights = log_densities(z, mu, log_var), mg.backend.asarray(log_weights(len(z), n))
    log_q = F.logsumexp(F.sum(each, axis=2) + weights, axis=1)              # of z: (m,)
    log_marginals = F.logsumexp(each + weights[:, :, None], axis=1)         # of each z_j: (m, D)
    return F.mean(log_q - F.sum(log_marginals, axis=1))


# %% The loss: what is paid for the KL, and what is paid for total correlation besides
class Encoder(Layer):
    """x (m, 256) -> mu (m, D), log_var (m, D)"""

    def __init__(self):
        self.body = Sequential(Dense(256, H), ReLU(), Dense(H, H), ReLU(), Dense(H, 2 * D))

    def forward(self, x):
        h = self.body(x)
        return h[:, :D], h[:, D:]


def trained(for_kl, for_correlation, seed, steps=arguments.steps):
    """(encoder, decoder); the same seed gives the same first weights, batches and noise whatever
    the two weights are"""
    mg.seed(seed)
    encoder = Encoder()
    decoder = Sequential(Dense(D, H), ReLU(), Dense(H, H), ReLU(), Dense(H, 256))
    optimizer = mg.optim.Adam(parameters_of(encoder, decoder), 1e-3)
    batches = mg.data.Batches(DRAWINGS, size=M, drop_last=True)
    for x in itertools.islice(batches, steps):
        x = mg.tensor(x)
        mu, log_var = encoder(x)
        z = mu + F.exp(log_var * 0.5) * mg.randn(M, D)
        loss = for_kl * kl_to_prior(mu, log_var) - bernoulli(decoder(z), x)
        if for_correlation:                             # the KL has one share of it already
            loss = loss + for_correlation * total_correlation(z, mu, log_var, N)
        optimizer.step(mg.grad(loss, optimizer.parameters))
    return encoder, decoder


BETA = arguments.beta
WAYS = {"untrained": (1, 0), "VAE": (1, 0), "beta-VAE": (BETA, 0), "beta-TCVAE": (1, BETA - 1)}
VAE, BETA_VAE, TCVAE = list(WAYS)[1:]


def measured(encoder, decoder):
    """What is asked of one run, by name"""
    def decode(z):
        return in_batches(lambda part: F.sigmoid(decoder(part)), z)

    with mg.no_grad():
        mu, log_var = encoder(mg.tensor(DRAWINGS))
        z = mu + F.exp(log_var * 0.5) * mg.randn(N, D)
        correlation = total_correlation(z, mu, log_var, N).item()       # of all: q(z) is exact
    mu, log_var = mg.to_numpy(mu), mg.to_numpy(log_var)
    moved = np.array([movement(decode, mu, j) for j in range(D)])
    gap = mutual_information_gap(mu, FACTORS)
    return dict(mu=mu, decode=decode, moved=moved, names=[name_of(m) for m in moved],
                kl=gaussian_kl(mu, log_var).mean(0), correlation=correlation, mig=gap.score,
                gaps=gap.gaps, score=beta_vae_score(mu, FACTORS, 1500, 800))


results = {way: [] for way in WAYS}                     # of every seed: what is looked at below
with run.progress(total=len(WAYS) * SEEDS, unit="run") as bar:
    for way, weights in WAYS.items():
        for seed in range(arguments.seed, arguments.seed + SEEDS):
            steps = 0 if way == "untrained" else arguments.steps
            results[way].append(measured(*trained(*weights, seed, steps)))
            bar.update()


def of_seeds(what):
    """way -> what was found, of every seed"""
    return {way: [result[what] for result in results[way]] for way in WAYS}


# %% The claims: first of the estimate, where total correlation is known
R, VARIANCE, CODES = 0.8, 0.1, 2000                     # q(z) = N(0, [[1, R], [R, 1]])
covariance = np.array([[1, R], [R, 1]]) - VARIANCE * np.eye(2)
centres = mg.randn(CODES, 2) @ mg.backend.asarray(np.linalg.cholesky(covariance).T, "float32")
codes = centres + VARIANCE ** 0.5 * mg.randn(CODES, 2)
log_variance = 0 * centres + math.log(VARIANCE)
claims = Claims()
claims.near(f"total correlation of two Gaussian numbers with correlation {R}, from {CODES:,} "
            "codes: −½ log(1 − ρ²)", total_correlation(codes, centres, log_variance, CODES).item(),
            -0.5 * math.log(1 - R ** 2), within=0.05, digits=3)
batches = [slice(i * M, (i + 1) * M) for i in range(CODES // M)]
claims.report(f"... from {M} of the {CODES:,} at a time, mean of {len(batches)} batches", np.mean(
    [total_correlation(codes[i], centres[i], log_variance[i], CODES).item() for i in batches]))
for factor in NAMES:
    count = sum(owned(names, factor) for names in of_seeds("names")[TCVAE])
    claims.interval_above(
        f"different dimensions encode interpretable factors: {factor} has one of its own in a "
        f"{TCVAE}", f"{count} of {SEEDS} seeds", wilson_interval(count, SEEDS), Fraction(1, 2))
for way in (VAE, BETA_VAE):
    counts = [f"{factor} {sum(owned(names, factor) for names in of_seeds('names')[way])}"
              for factor in NAMES]
    claims.report(f"... in a {way}, of {SEEDS} seeds", ", ".join(counts))
for way in (VAE, BETA_VAE, TCVAE):
    used = [names for result in results[way] for names in result["names"] if names]
    in_use = [int((result["kl"] > 0.1).sum()) for result in results[way]]
    claims.report(f"{way}: dimensions in use (KL > 0.1 nat) in each seed, for four factors",
                  ", ".join(map(str, in_use)))
    claims.report(f"{way}: dimensions that move one factor alone, of those that move any",
                  f"{sum(len(names) == 1 for names in used)} of {len(used)}")
    claims.report(f"{way}: total correlation of z, nats, and its whole KL, means", "{:.2f}, {:.1f}"
                  .format(np.mean(of_seeds("correlation")[way]),
                          np.sum(of_seeds("kl")[way]) / SEEDS))
mig, score = ({way: np.array(values) for way, values in of_seeds(what).items()}
              for what in ("mig", "score"))
for better, worse in ((BETA_VAE, VAE), (TCVAE, VAE), (TCVAE, BETA_VAE)):
    gain, interval = paired_interval(mig[better] - mig[worse])
    claims.at_least(f"a {better} disentangles more than a {worse}: mutual information gap, mean "
                    "difference", gain, 0.08, interval=interval)
claims.report("... the three means",
              ", ".join(f"{mig[way].mean():.3f}" for way in (VAE, BETA_VAE, TCVAE)))
for way in (VAE, BETA_VAE, TCVAE):
    claims.at_least(f"beta-VAE metric of {way}, median (chance 0.25) [smallest, largest of the "
                    "seeds]", np.median(score[way]), 0.9, when=way != VAE,
                    interval=(score[way].min(), score[way].max()))
for name, values in (("mutual information gap", mig), ("beta-VAE metric", score)):
    claims.below(f"{name} of an untrained network is below all, mean", values["untrained"].mean(),
                 min(values[way].mean() for way in (VAE, BETA_VAE, TCVAE)), digits=3)
print("\nmutual information gap of each factor, mean of the seeds")
for way, gaps in of_seeds("gaps").items():
    means = zip(NAMES, np.mean(gaps, axis=0))
    print(f"  {way:10}", ", ".join(f"{name} {gap:.2f}" for name, gap in means))

# %% The picture: every dimension's traversal with what it moves (the first seed, not the best one),
# and the scores of all seeds
figure = plt.figure(figsize=(15, 11))
grid = figure.add_gridspec(3, 3, width_ratios=(1.35, 0.75, 0.9))
# a square, not small, near the centre
start = np.flatnonzero((FACTORS == (1, 2, 3, 3)).all(1))
for row, way in enumerate((VAE, BETA_VAE, TCVAE)):
    first = results[way][0]
    order = np.argsort(-first["kl"])
    axes = figure.add_subplot(grid[row, 0])
    z = np.concatenate([traversal(first["mu"][start], j)[0] for j in order])
    pictures.show(axes, first["decode"](z).reshape(-1, 16, 16), len(VALUES),
                  f"{way}: one dimension at a time, −2 to 2")
    axes.set_yticks(10 + 18 * np.arange(D),
                    [f"z{j + 1}: {' + '.join(first['names'][j]) or 'nothing'}" for j in order])
    axes.tick_params(length=0)
    table = figure.add_subplot(grid[row, 1])
    picture = table.imshow(first["moved"][order], vmin=0, vmax=1.2, aspect="auto")
    table.set(xticks=range(4), xticklabels=NAMES, yticks=range(D),
              yticklabels=[f"z{j + 1}" for j in order], title="how far it moves each factor")
    figure.colorbar(picture, ax=table, label="variance / that of the drawings")
for row, (name, values) in enumerate((("mutual information gap", mig), ("beta-VAE metric", score))):
    axes = figure.add_subplot(grid[row, 2])
    table = np.array([values[way] for way in WAYS])
    axes.plot(table, "o-", color="0.7", linewidth=1, markersize=5)
    axes.plot(table.mean(1), "D", color=COLOURS["D"], markersize=9, label=f"mean of {SEEDS} seeds")
    axes.set(xticks=range(4), xticklabels=list(WAYS), xlim=(-0.3, 3.3), ylim=(0, 1.02), title=name)
    axes.legend(loc="best")
axes = figure.add_subplot(grid[2, 2])
for i, (way, gaps) in enumerate(of_seeds("gaps").items()):
    axes.bar(np.arange(4) + 0.2 * i - 0.3, np.mean(gaps, axis=0), 0.2, label=way)
axes.set(xticks=range(4), xticklabels=NAMES, ylim=(0, 1.02), title="gap of each factor, mean")
axes.legend(loc="best")
pictures.save(figure, arguments.out / "factors.png")

run.finish(arguments, claims, **{what: of_seeds(what) for what in
                                 ("mig", "score", "names", "gaps", "kl", "correlation")})

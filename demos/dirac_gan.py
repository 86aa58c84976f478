"""The smallest GAN: one real point, one generated point, a straight line as discriminator. Does the
game converge?

Dirac-GAN (Mescheder, Geiger & Nowozin 2018): the data are all at 0, the generator puts everything
at θ, D(x) = σ(ψx). The equilibrium is θ = ψ = 0. Near it a step is a linear map of (θ, ψ), and the
largest |eigenvalue| of that map says what happens: above 1 the game spirals outward, below 1 it
converges. At 1 the map decides nothing: the game circles, and what is not linear in it drives it
slowly inward or outward. Here the games are played, by automatic differentiation, and what they do
is measured against the eigenvalues.

    python demos/dirac_gan.py
"""

# %% The game. Every entry of θ and ψ is a game of its own, with its own step size h, R1 weight γ
# and momentum β
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.pictures import plt

import minigen as mg
from minigen import functional as F

arguments = run.arguments(__doc__, steps=2000, quick=100)
mg.set_default_dtype("float64")


def discriminator_gradient(theta, psi, gamma):
    """∂/∂ψ of V = log D(0) + log(1 − D(θ)), less the R1 penalty γ/2 |∂ logit/∂x|² at the real point
    x = 0."""
    psi, x = mg.tensor(psi, requires_grad=True), mg.tensor(np.zeros_like(psi), requires_grad=True)
    theta, gamma = mg.tensor(theta), mg.tensor(gamma)
    real, fake = psi * x, psi * theta                               # logits
    slope = mg.grad(F.sum(real), x, create_graph=True)[0]           # it is ψ, and the tape knows
    value = F.logsigmoid(real) + F.logsigmoid(-fake) - 0.5 * gamma * F.square(slope)
    # through the derivative: second order
    return mg.grad(F.sum(value), psi)[0].numpy()


def generator_gradient(theta, psi, non_saturating=False):
    """∂/∂θ of log(1 − D(θ)), or of −log D(θ)."""
    theta, psi = mg.tensor(theta, requires_grad=True), mg.tensor(psi)
    value = -F.logsigmoid(psi * theta) if non_saturating else F.logsigmoid(-psi * theta)
    return mg.grad(F.sum(value), theta)[0].numpy()


def step(state, h, gamma, beta, alternating, non_saturating=False):
    """One iteration: D ascends, G descends, with the heavy ball v ← βv + g. Alternating, G already
    sees D's new ψ."""
    theta, psi, v_theta, v_psi = state
    v_psi = beta * v_psi + discriminator_gradient(theta, psi, gamma)
    new_psi = psi + h * v_psi
    v_theta = beta * v_theta + generator_gradient(theta, new_psi if alternating else psi,
                                                  non_saturating)
    return np.array([theta - h * v_theta, new_psi, v_theta, v_psi])


def play(start, steps, h, gamma=0.0, beta=0.0, alternating=True, non_saturating=False):
    """The path of one game, (steps + 1, 2), from start = (θ, ψ)."""
    states = [np.array([[start[0]], [start[1]], [0.0], [0.0]])]
    for _ in range(steps):
        states.append(step(states[-1], h, gamma, beta, alternating, non_saturating))
    return np.array(states)[:, :2, 0]


# %% The theory: the linear map of (θ, ψ, v_θ, v_ψ) at the equilibrium, where σ = 1/2
def spectral_radius(h, gamma=0.0, beta=0.0, alternating=True):
    """The largest |eigenvalue|: the factor by which the distance to the equilibrium changes in a
    step."""
    v_psi = np.array([-0.5, -gamma, 0, beta])                       # v_ψ ← βv_ψ − θ/2 − γψ
    psi = np.array([0, 1, 0, 0]) + h * v_psi                        # ψ ← ψ + h v_ψ
    v_theta = np.array([0, 0, beta, 0]) - 0.5 * (psi if alternating else np.array([0, 1, 0, 0]))
    theta = np.array([1, 0, 0, 0]) - h * v_theta                    # θ ← θ − h v_θ
    return abs(np.linalg.eigvals(np.array([theta, psi, v_theta, v_psi]))).max()


def measured_rates(games, alternating, steps):
    """The factor per step of each game (h, γ, β), played where it is linear: each step ends with
    the state scaled back to radius 1e-6. Logarithms of the factors are averaged over the second
    half (a Hann window: round an ellipse they wobble). The one game of the table with a double
    eigenvalue, simultaneous with γ = 1, sets the start and the radius: off the line ψ = −θ it
    reaches its rate only like 1/step, and a perturbation ε moves a double eigenvalue by √ε, not by
    ε."""
    h, gamma, beta = np.array(games).T
    state, logs = np.outer([1e-6, -1e-6, 0, 0], np.ones(len(h))), []
    for _ in range(steps):
        state = step(state, h, gamma, beta, alternating)
        factor = np.hypot(state[0], state[1]) / 1e-6
        state, logs = state / factor, [*logs[-steps // 2:], np.log(factor)]
    return np.exp(np.average(logs, axis=0, weights=np.hanning(len(logs) + 2)[1:-1]))


# %% Measure: a table of step sizes, R1 weights and momenta, and curves over h
table = [(h, gamma, 0.0) for h in (0.1, 0.5, 1.0) for gamma in (0.0, 0.1, 0.3, 0.5, 1.0, 2.0)]
table += [(h, 0.0, beta) for h in (0.1, 1.0) for beta in (-0.9, -0.5, -0.3, 0.3, 0.5, 0.9)]
scan = [(h, gamma, 0.0) for gamma in (0.0, 0.3, 1.0) for h in np.linspace(0.2, 4.8, 24)]
rates, theory = {}, {}
for alternating in (False, True):
    rates[alternating] = measured_rates(table + scan, alternating, arguments.steps)
    theory[alternating] = np.array([spectral_radius(*game, alternating) for game in table + scan])

print("\nfactor per step: measured (predicted)"
      "\n  h     γ     β    simultaneous            alternating")
for i, (h, gamma, beta) in enumerate(table):
    cells = [f"{rates[kind][i]:.6f} ({theory[kind][i]:.6f})" for kind in (False, True)]
    print(f"{h:4.1f}  {gamma:4.1f}  {beta:4.1f}    {'     '.join(cells)}")

# %% And play from (1, 1), far from the equilibrium
H = 0.1
STEPS = min(2000, 3 * arguments.steps)
games = {
    "simultaneous": {"alternating": False}, "alternating (Algorithm 1)": {},
    "alternating, momentum 0.5": {"beta": 0.5}, "alternating, momentum −0.5": {"beta": -0.5},
    "alternating, R1 γ = 0.3": {"gamma": 0.3},
    "alternating, non-saturating": {"non_saturating": True}}
paths = {name: play((1.0, 1.0), STEPS, H, **options) for name, options in games.items()}
radius = {name: np.hypot(*path.T) for name, path in paths.items()}

# %% The claims
gap = {kind: abs(rates[kind] - theory[kind])[:len(table)] for kind in (False, True)}
claims = Claims()
for kind, name in ((False, "simultaneous"), (True, "alternating")):
    claims.at_most(f"{name} steps change the distance by |λ| per step: largest gap to theory, "
                   f"{len(table)} games", gap[kind].max(), 1e-4)
sim, alt = radius["simultaneous"], radius["alternating (Algorithm 1)"]
r1 = radius["alternating, R1 γ = 0.3"]
claims.holds("simultaneous: it spirals outward, from radius 1.414", sim[-1], "every step",
             np.diff(sim) > 0)
theta, psi = paths["simultaneous"][:-1].T
exact = abs(sim[1:] ** 2 - sim[:-1] ** 2 * (1 + (H / (1 + np.exp(-theta * psi))) ** 2)).max()
claims.at_most("... by r′² = r² (1 + h² σ(θψ)²), exactly", exact, 1e-12)
claims.near(f"alternating: it circles, radius within 5% for {STEPS:,} steps", alt, np.sqrt(2),
            percent=5, digits=3, shown=f"{alt.min():.3f} to {alt.max():.3f}")
wide = np.hypot(*play((1.0, 1.0), STEPS, 1.0)[-STEPS // 10:].T)
claims.report("... but not for ever: at h = 1, where |λ| is 1 as well, it creeps outward; smallest "
              "and largest radius of the last tenth", f"{wide.min():.3f} to {wide.max():.3f}")
heavy, negative = radius["alternating, momentum 0.5"], radius["alternating, momentum −0.5"]
claims.above("momentum 0.5 drives the alternating game outward to where D saturates and it nearly "
             "stands still: last radius", heavy[-1], heavy[0], digits=3)
claims.below("momentum −0.5 draws it inward, slowly: last radius", negative[-1], negative[0],
             digits=3)
claims.below("R1, γ = 0.3, makes it converge: radius after 600 steps", r1[:601][-1], 1e-3)
quiet, formula = radius["alternating, non-saturating"], np.sqrt(8 / (H * STEPS + 8 / 2))
claims.near("non-saturating: it converges, but like √(8/(t + 8/r²)), t = h · steps", quiet[-1],
            formula, percent=5, digits=3)
i = table.index((1.0, 2.0, 0.0))
claims.holds("alternating is not always the stabler: at h = 1, γ = 2 simultaneous converges and "
             "alternating diverges", f"{rates[False][i]:.3f}, {rates[True][i]:.3f}", "< 1, > 1",
             rates[False][i] < 1 < rates[True][i])

# %% Pictures
figure = plt.figure(figsize=(15, 6.4))
grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 1, 1.9))
lattice = np.linspace(-3, 3, 13)
field = np.meshgrid(lattice, lattice)
slope = 1 / (1 + np.exp(-field[0] * field[1]))
for i, (name, path) in enumerate(paths.items()):
    axes = figure.add_subplot(grid[i // 3, i % 3])
    toward = [(1 - slope if "non_saturating" in games[name] else slope) * field[1],
              -slope * field[0]]
    toward[1] -= games[name].get("gamma", 0.0) * field[1]
    axes.quiver(*field, *toward, color="0.8", width=0.005, scale=28)
    shown = path[:1001]
    outside = np.flatnonzero(abs(shown).max(1) > 3.2)
    shown = shown[:outside[0] + 1] if len(outside) else shown
    axes.scatter(*shown.T, c=np.arange(len(shown)), cmap="viridis", s=5, vmin=0, vmax=1000)
    axes.plot(*shown.T, color="0.4", linewidth=0.4, zorder=0)
    axes.plot(1, 1, "o", color="black", markersize=6)
    axes.plot(0, 0, "+", color="black", markersize=12, markeredgewidth=2)
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    axes.set_title(name.replace(", ", ",\n", 1).replace(" (", "\n("), fontsize=12)
    if i % 3 == 0:
        axes.set_ylabel("ψ (discriminator)")
    if i > 2:
        axes.set_xlabel("θ (generator)")
axes = figure.add_subplot(grid[:, 3])
fine = np.linspace(0.01, 5, 300)
for gamma, colour in ((0.0, "C1"), (0.3, "C0"), (1.0, "C2")):
    for kind, style, marker in ((False, "--", "s"), (True, "-", "o")):
        axes.plot(fine, [spectral_radius(h, gamma, 0.0, kind) for h in fine], style, color=colour,
                  label=f"{'alternating' if kind else 'simultaneous'}, γ = {gamma:g}")
        chosen = [k for k, game in enumerate(table + scan) if k >= len(table) and game[1] == gamma]
        axes.plot([(table + scan)[k][0] for k in chosen], rates[kind][chosen], marker, color=colour,
                  markersize=4.5)
axes.axhline(1, color="0.3", linewidth=1)
axes.annotate("diverges ↑", (4.95, 1.012), ha="right", fontsize=11)
axes.annotate("converges ↓", (4.95, 0.988), ha="right", va="top", fontsize=11)
axes.set(xlim=(0, 5), ylim=(0.45, 2.0), xlabel="step size h", ylabel="factor per step, |λ|",
         title="Measured (marks), eigenvalues (lines)")
axes.legend(loc="upper left", fontsize=10)
figure.suptitle(f"The smallest GAN (h = {H}): turns and damping decide whether it converges. "
                "● start, + equilibrium, step 0 (dark) to 1,000 (light)", x=0.01, ha="left")
pictures.save(figure, arguments.out / "dirac_gan.png")

run.finish(arguments, claims, largest_gap=float(max(gap[False].max(), gap[True].max())))

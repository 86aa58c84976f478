"""Eight patterns through three hidden units: the network that invents the binary code.

The 8-3-8 autoencoder of Rumelhart, Hinton & Williams (1986), in the setting of Mitchell (Machine
Learning, 1997, figures 4.7 to 4.9): one-hot inputs, sigmoid units, plain gradient descent with rate
0.3 on half the summed squared error, weights from U(-0.1, 0.1), 5,000 steps. The lecture shows one
run. How often does it succeed? Here a hundred starts are trained at once, and one of them is shown.

    python demos/autoencoder_8_3_8.py
    python demos/autoencoder_8_3_8.py --theatre     and a page: the eight codes walk to the corners,
                                                    with every weight and every gradient
"""

# %% What the lecture shows, and what this run asks
import numpy as np
from shared import pictures, run
from shared.claims import Claims
from shared.networks import parameters_of
from shared.pictures import plt

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.layers import Dense, Sequential, Sigmoid
from minigen.metrics import clopper_pearson_bound, paired_interval, wilson_interval

arguments = run.arguments(__doc__, steps=5000, options={
    "--seeds": {"type": run.several, "default": 100,
                "help": "how many starts are trained (default 100)"},
    "--theatre": run.THEATRE})
N, STEPS = arguments.seeds, arguments.steps
X = np.eye(8, dtype=np.float32)                     # the eight patterns; the input is the target
RATE = 0.3

# %% A hundred networks in one: every weight has a leading axis for the start it belongs to
SHAPES = {"W1": (N, 8, 3), "b1": (N, 1, 3), "W2": (N, 3, 8), "b2": (N, 1, 8)}
START = {name: mg.to_numpy(mg.random.uniform(-0.1, 0.1, shape)) for name, shape in SHAPES.items()}


def forward(W1, b1, W2, b2):
    """hidden values (N, 8, 3) and outputs (N, 8, 8) of all networks for all patterns"""
    hidden = F.sigmoid(F.matmul(X_device, W1) + b1)
    return hidden, F.sigmoid(F.matmul(hidden, W2) + b2)


def descend(momentum, steps, every=50):
    """Train all networks. Returns the steps it looked at, and hidden values and outputs there."""
    parameters = [mg.tensor(START[name], requires_grad=True, name=name) for name in SHAPES]
    optimizer = mg.optim.SGD(parameters, lr=RATE, momentum=momentum)
    steps_seen, hiddens, outputs = [], [], []
    for step in range(steps + 1):
        hidden, output = forward(*parameters)
        if step % every == 0 or step == steps:
            steps_seen.append(step)
            hiddens.append(hidden.numpy())
            outputs.append(output.numpy())
        loss = 0.5 * F.sum(F.square(output - X_device))     # a sum over networks: each on its own
        if step < steps:
            optimizer.step(mg.grad(loss, parameters))
    return np.array(steps_seen), np.array(hiddens), np.array(outputs)


def identity(outputs):
    """Which networks give each pattern back, every output rounded at 1/2: (..., N)"""
    return ((outputs > 0.5) == (X > 0.5)).all((-2, -1))


def codes(hiddens):
    """How many of the eight rounded codes differ from each other: (..., N)"""
    numbers = np.sort(((hiddens > 0.5) * [4, 2, 1]).sum(-1), axis=-1)
    return 1 + (np.diff(numbers, axis=-1) > 0).sum(-1)


X_device = mg.backend.asarray(X)
plain = descend(momentum=0.0, steps=STEPS)
heavy = descend(momentum=0.9, steps=max(1, STEPS * 3 // 5))     # ten times the speed: fewer steps

# %% The run to show: the first start whose eight codes differ. It is selected, and this says so
distinct = codes(plain[1][-1]) == 8
chosen = int(distinct.argmax())
how = f"the first of {N} starts; none of them has eight different codes"
if distinct.any():
    how = f"the first of {N} starts with eight different codes; {chosen} before it were skipped"

encoder, decoder = Sequential(Dense(8, 3), Sigmoid()), Sequential(Dense(3, 8), Sigmoid())
encoder.load_state_dict({"0.weight": START["W1"][chosen].T, "0.bias": START["b1"][chosen, 0]})
decoder.load_state_dict({"0.weight": START["W2"][chosen].T, "0.bias": START["b2"][chosen, 0]})
optimizer = mg.optim.SGD(parameters_of(encoder, decoder), lr=RATE)
trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer,
                                         loss=lambda x_hat, x: 0.5 * F.sum(F.square(x_hat - x)))
path, recorder = [], inspect.Recorder(run.moments(STEPS, 40)) if arguments.theatre else None
trainer.fit([X], STEPS, callbacks=[
    lambda trainer, record: path.append(mg.to_numpy(record.latent).copy()),
    *filter(None, [recorder])])
if recorder:
    recorder.recording.to_html(arguments.out / "theatre.html",
                               title="Gradient theatre: eight codes walk to the corners")
with mg.no_grad():
    hidden = encoder(X_device)
    output = decoder(hidden)
hidden, output = mg.to_numpy(hidden), mg.to_numpy(output)
path = np.array([*path, hidden])                                # (steps + 1, 8, 3)

print(f"\nThe table of the lecture from this run: {how}\n")
print("input      hidden values    rounded  output, rounded and not")
for x, h, y in zip(X, hidden, output):
    bits = ["".join(str(int(v > 0.5)) for v in row) for row in (x, h, y)]
    hidden_values, outputs = (" ".join(f"{v:.2f}" for v in row) for row in (h, y))
    print(f"{bits[0]} → {hidden_values} → {bits[1]}    → {bits[2]}   {outputs}")

# %% The claims
learned, different, after = identity(plain[2][-1]), codes(plain[1][-1]), f"after {STEPS:,} steps"
different_heavy, after_heavy = codes(heavy[1][-1]), f"after {heavy[0][-1]:,} steps"


def share(which):
    """How many of the networks, and the 95% interval of their share."""
    count = int(which.sum())
    interval = (clopper_pearson_bound(N), 1.0) if count == N else wilson_interval(count, N)
    return f"{count} of {N} networks", interval


def first(run):
    """The first of these steps at which 99% of the networks know the identity, or infinity."""
    return min(run[0][identity(run[2]).mean(1) >= 0.99], default=np.inf)


claims = Claims()
text, interval = share(learned)
claims.at_least(f"the network learns the identity {after}", 100 * learned.mean(), 99, unit="%",
                shown=text, interval=interval)
text, interval = share(different == 8)
claims.report(f"its rounded hidden values are the binary code: all eight differ, {after}", text,
              interval)
rate, heavy_rate = (float((found == 8).mean()) for found in (different, different_heavy))
hundred = N == 100                      # the marks are three standard deviations of 100 networks
claims.between("... which is the rate of 2,000 others, 70.4%", rate, 0.56, 0.84, when=hundred)
claims.fewer("momentum 0.9 knows the identity sooner: step at which 99% of the networks do",
             first(heavy), first(plain), shown=f"{first(heavy)}, plain {first(plain)}")
text, interval = share(different_heavy == 8)
claims.between(f"... and makes different codes in, {after_heavy}", 100 * heavy_rate, 34, 64,
               unit="%", when=hundred, shown=text, interval=interval)
rarer, interval = paired_interval((different_heavy == 8) - (different == 8).astype(float))
claims.interval_below(
    "... which is rarer than without it: difference of the shares, the same starts",
    rarer, interval, 0)
final = plain[1][-1]                                            # hidden values (N, 8, 3)
distances = np.abs(final[:, :, None] - final[:, None]).max(-1)  # by largest coordinate
claims.report("before rounding no two codes are alike: smallest distance (largest coordinate) in "
              "any network", float(distances[:, ~np.eye(8, dtype=bool)].min()))
outside = (final < 0.1) | (final > 0.9)
claims.report("hidden values outside [0.1, 0.9]", float(outside.mean()))
claims.at_most("the trainer's run is the same run: largest difference of its hidden values from "
               "those of the batch", float(np.abs(hidden - final[chosen]).max()), 0.01)


# %% Picture 1: the way to the corners of the cube, and the slide's table
def draw_cube(axes):
    """The paths of the eight hidden values in the unit cube."""
    for a in range(8):
        for bit in range(3):
            corner = np.array([a >> 2 & 1, a >> 1 & 1, a & 1])
            if not corner[bit]:
                edge = np.array([corner, corner + np.eye(3, dtype=int)[bit]])
                axes.plot(*edge.T, color="0.75", linewidth=1)
    for i in range(8):
        colour = "0.55" if i == 7 else f"C{i}"
        axes.plot(*path[:, i].T, color=colour)
        axes.scatter(*path[-1, i], color=colour, s=70, depthshade=False)
        axes.text(*(path[-1, i] + 0.14 * (path[-1, i] - 0.5)), f"{i + 1}", color=colour,
                  fontsize=15, weight="bold", ha="center", va="center")
    axes.scatter(*path[0].mean(0), color="black", s=40, marker="x", depthshade=False)
    axes.set(xticks=(0, 1), yticks=(0, 1), zticks=(0, 1),
             xlabel="hidden 1", ylabel="hidden 2", zlabel="hidden 3")
    axes.set_title("From one point (×) to the corners of the cube")
    axes.view_init(22, -62)
    axes.set_box_aspect((1, 1, 1), zoom=0.95)


def draw_table(axes):
    """The lecture's table as shaded cells."""
    cells = np.full((8, 8 + 1 + 3 + 1 + 3 + 1 + 8), np.nan)
    cells[:, :8], cells[:, 9:12], cells[:, 13:16], cells[:, 17:] = X, hidden, hidden > 0.5, output
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=1.25, aspect="auto")
    for (row, column), value in np.ndenumerate(cells):
        if not np.isnan(value):
            digits = 2 if column in (9, 10, 11) or column > 16 else 0
            axes.text(column, row, f"{value:.{digits}f}".replace("0.", ".", 1), ha="center",
                      va="center", fontsize=10, color="white" if value > 0.75 else "0.15")
    axes.set_xticks((3.5, 10, 14, 20.5), ("input", "hidden values", "rounded", "output"),
                    fontsize=12)
    axes.xaxis.tick_top()
    axes.set_yticks(range(8), range(1, 9))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"Three bits for eight patterns, found by descent (step {STEPS:,})", pad=26)
    axes.set_xlabel(f"({how})", fontsize=10, color="0.35")


figure = plt.figure(figsize=(13, 5.6))
left, right = figure.add_gridspec(1, 2, width_ratios=(1, 1.25))
draw_cube(figure.add_subplot(left, projection="3d"))
draw_table(figure.add_subplot(right))
pictures.save(figure, arguments.out / "codes.png")


# %% Picture 2: not always
def draw_rates(axes):
    """Which share of the networks knows the identity, and by eight different codes, over time."""
    runs = (plain, "plain descent", "-"), (heavy, "momentum 0.9", "--")
    for (steps, hiddens, outputs), name, style in runs:
        for values, what, colour in ((identity(outputs), "identity learned", "C0"),
                                     (codes(hiddens) == 8, "eight different codes", "C1")):
            axes.plot(steps, 100 * values.mean(1), style, color=colour, label=f"{what}, {name}")
            low, high = np.array([wilson_interval(int(v.sum()), N) for v in values]).T
            axes.fill_between(steps, 100 * low, 100 * high, color=colour, alpha=0.12, linewidth=0)
    axes.set(xlabel="step", xlim=(0, STEPS), ylim=(0, 101),
             ylabel=f"% of {N} networks (band: 95% interval)",
             title=f"After {STEPS:,} steps {100 * learned.mean():.0f}% know the identity, "
                   f"{100 * rate:.0f}% by a binary code")
    axes.legend(loc="center right", bbox_to_anchor=(1, 0.27))


def draw_counts(axes):
    """How many different codes the networks have."""
    for offset, counts, name, colour in ((-0.2, different, "plain descent", "C1"),
                                         (0.2, different_heavy, "momentum 0.9", "#F0B080")):
        heights = [100 * (counts == k).mean() for k in range(1, 9)]
        bars = axes.bar(np.arange(1, 9) + offset, heights, 0.4, color=colour, label=name)
        axes.bar_label(bars, [f"{h:.0f}" if h else "" for h in heights], fontsize=10)
    axes.set(xlabel="different rounded codes, of 8", ylabel=f"% of {N} networks",
             xlim=(min(5, different.min()) - 0.6, 8.6),
             title="Where it fails, two codes share a corner")
    axes.legend(loc="upper left")


figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), width_ratios=(1.6, 1))
draw_rates(left)
draw_counts(right)
pictures.save(figure, arguments.out / "starts.png")

run.finish(arguments, claims, identity=float(learned.mean()),
           distinct=float((different == 8).mean()),
           identity_momentum=float(identity(heavy[2][-1]).mean()),
           distinct_momentum=float((different_heavy == 8).mean()), chosen=chosen,
           argmax=float((plain[2][-1].argmax(-1) == np.arange(8)).all(-1).mean()))

"""One iteration of the minimax game in words: what each line of Algorithm 1 computed, which gradients it asked for, and
which networks were frozen meanwhile. Everything is read from the trainer's records. Read next: curves.py.
"""

from ..backend import array_module
from ..trainers import GANTrainer

LOSSES = {                  # what G descends: its formula, and the closed form of its derivative by D's logit s, D = σ(s)
    "saturating": ("1/m Σ log(1 − D(G(z)))", "−D(G(z)) / m", lambda d, m: -d / m),
    "non_saturating": ("−1/m Σ log D(G(z))", "−(1 − D(G(z))) / m", lambda d, m: -(1 - d) / m),
}


def algorithm(trainer):
    """The last iteration of a GANTrainer as text, at most 100 columns wide: print(algorithm(trainer)).

    Each mean of a derivative by D's logits stands beside its closed form, and each parameter that was updated beside the shape
    and the norm of its gradient. ValueError: no iteration was done yet."""
    if not isinstance(trainer, GANTrainer):
        raise TypeError(f"algorithm: got a {type(trainer).__name__}, expected a GANTrainer")
    one, two = trainer.phase_1, trainer.phase_2
    if one is None or two is None:
        raise ValueError("algorithm: no iteration was done yet; call trainer.step([batch]) or trainer.fit first")
    m, last = len(one.logit_gradients["real"]), len(two.logit_gradients["fake"])
    formula, closed, derivative = LOSSES[trainer.generator_loss]
    again = f" (the last of k = {trainer.k})" if trainer.k > 1 else ""
    return "\n".join([
        f"Algorithm 1, iteration {trainer.steps}: phase 1{again}",
        f"  sample m = {m} noise vectors z from the prior and m examples x from the data",
        f"  G is frozen: its {_count(trainer.generator)} are constants, no gradient asked",
        f"  V(D, G) = 1/m Σ [ log D(x) + log(1 − D(G(z))) ] = {one.value:.4f}      "
        f"mean D(x) {one.d_real:.3f}, D(G(z)) {one.d_fake:.3f}",
        *_derivatives("V", [("real     ", one.logit_gradients["real"], "(1 − D(x)) / m", (1 - one.d_real) / m),
                            ("generated", one.logit_gradients["fake"], "−D(G(z)) / m", -one.d_fake / m)]),
        "  update D by ascending its gradient ∇θd V:",
        *_gradients(one.gradients),
        f"Algorithm 1, iteration {trainer.steps}: phase 2, {trainer.generator_loss.replace('_', '-')}",
        f"  sample m = {last} noise vectors z from the prior",
        f"  D is frozen: its {_count(trainer.discriminator)} are constants, but the gradient passes through it to G",
        f"  value = {formula} = {two.value:.4f}      mean D(G(z)) {two.d_fake:.3f}",
        *_derivatives("value", [("generated", two.logit_gradients["fake"], closed, derivative(two.d_fake, last))]),
        f"  what D tells G: ∂value/∂G(z), one for each number of G(z), shape {two.sample_gradient.shape}, "
        f"norm {_norm(two.sample_gradient):.3g}",
        "  update G by descending its gradient ∇θg value:",
        *_gradients(two.gradients),
    ])


def _count(network):
    return f"{len(list(network.named_parameters()))} parameter arrays"


def _derivatives(value, rows):
    """Means over the batch of ∂value/∂s, where D = σ(s), and what the formula says they are."""
    return [f"  ∂{value}/∂s, s the logits of D, mean over the batch"] + [
        f"    {what}  {float(array.mean()):+.6f}      closed form  {formula} = {expected:+.6f}" for what, array, formula, expected in rows]


def _gradients(gradients):
    width = max(map(len, gradients))
    shapes = {name: str(tuple(g.shape)) for name, g in gradients.items()}
    side = max(map(len, shapes.values()))
    return [f"    {name:{width}}  {shapes[name]:{side}}  norm {_norm(g):10.3g}" for name, g in gradients.items()]


def _norm(array):
    return float(array_module(array).sqrt((array * array).sum()))

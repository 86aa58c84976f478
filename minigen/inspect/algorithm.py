"""One iteration of the minimax game in words: what each line of Algorithm 1 computed, which
gradients it asked for, and which networks were frozen meanwhile. Everything is read from the
trainer's records. Read next: curves.py.
"""

from ..backend import array_module
from ..trainers import GANTrainer

LOSSES = {      # what G descends, and the closed form of its derivative by D's logit s, D = σ(s)
    "saturating": ("1/m Σ log(1 − D(G(z)))", "−D(G(z)) / m", lambda d, m: -d / m),
    "non_saturating": ("−1/m Σ log D(G(z))", "−(1 − D(G(z))) / m", lambda d, m: -(1 - d) / m),
}


def algorithm(trainer):
    """The last iteration of a GANTrainer as text, at most 100 columns wide.

    Each mean of a derivative by D's logits stands beside its closed form, and each parameter that
    was updated beside the shape and the norm of its gradient. ValueError: no iteration was done
    since the trainer was made or loaded."""
    one, two = _records(trainer)
    m, last = len(one.logit_gradients["real"]), len(two.logit_gradients["fake"])
    formula, closed, derivative = LOSSES[trainer.generator_loss]
    again = f" (the last of k = {trainer.k})" if trainer.k > 1 else ""
    return "\n".join([
        f"Algorithm 1, iteration {trainer.steps}: phase 1{again}",
        f"  sample m = {m} noise vectors z from the prior and m examples x from the data",
        f"  G is frozen: its {_count(trainer.generator)} are constants, no gradient asked",
        f"  V(D, G) = 1/m Σ [ log D(x) + log(1 − D(G(z))) ] = {one.value:.4f}      "
        f"mean D(x) {one.d_real:.3f}, D(G(z)) {one.d_fake:.3f}",
        *_derivatives("V", [
            ("real     ", one.logit_gradients["real"], "(1 − D(x)) / m", (1 - one.d_real) / m),
            ("generated", one.logit_gradients["fake"], "−D(G(z)) / m", -one.d_fake / m)]),
        "  update D by ascending its gradient ∇θd V:",
        *_gradients(one.gradients),
        f"Algorithm 1, iteration {trainer.steps}: phase 2, "
        f"{trainer.generator_loss.replace('_', '-')}",
        f"  sample m = {last} noise vectors z from the prior",
        f"  D is frozen: its {_count(trainer.discriminator)} are constants, but the gradient "
        "passes through it to G",
        f"  value = {formula} = {two.value:.4f}      mean D(G(z)) {two.d_fake:.3f}",
        *_derivatives("value", [
            ("generated", two.logit_gradients["fake"], closed, derivative(two.d_fake, last))]),
        f"  what D tells G: ∂value/∂G(z), one for each number of G(z), "
        f"shape {two.sample_gradient.shape}, norm {_norm(two.sample_gradient):.3g}",
        "  update G by descending its gradient ∇θg value:",
        *_gradients(two.gradients),
    ])


def _count(network):
    return f"{len(list(network.named_parameters()))} parameter arrays"


def _derivatives(value, rows):
    """Means over the batch of ∂value/∂s, where D = σ(s), and what the formula says they are."""
    yield f"  ∂{value}/∂s, s the logits of D, mean over the batch"
    for what, array, formula, expected in rows:
        yield (f"    {what}  {float(array.mean()):+.6f}      "
               f"closed form  {formula} = {expected:+.6f}")


def _gradients(gradients):
    """A line for each parameter: its name, and the shape and norm of its gradient."""
    width = max(map(len, gradients))
    shapes = {name: str(tuple(g.shape)) for name, g in gradients.items()}
    side = max(map(len, shapes.values()))
    for name, g in gradients.items():
        yield f"    {name:{width}}  {shapes[name]:{side}}  norm {_norm(g):10.3g}"


def _norm(array):
    return float(array_module(array).sqrt((array * array).sum()))


def _records(trainer):
    """D's and G's records of the last iteration, or an error."""
    if not isinstance(trainer, GANTrainer):
        raise TypeError(f"algorithm: got a {type(trainer).__name__}, expected a GANTrainer")
    records = [record for _, record in trainer.records().values()]
    if not all(hasattr(record, "logit_gradients") for record in records):
        raise ValueError("algorithm: no iteration was done since the trainer was made or loaded; "
                         "call trainer.step([batch]) or trainer.fit first")
    return records

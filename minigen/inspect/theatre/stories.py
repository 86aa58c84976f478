"""What the theatre says: the algorithm of each trainer as its paper prints it, and the cues at
which an iteration can be stopped, each with its sentence, its formula and this batch's numbers.

A cue is found in a recording by what its line made: the name of a variable, or `updates`, the
parameters. So the page lights the very line that ran. Read next: formulas.py.
"""

from typing import NamedTuple

from .formulas import math


class Cue(NamedTuple):
    """key: its name in links ("D4"). phase: of the recording. made: what its line makes. title and
    words: in short, and as a sentence. formulas: lines of HTML. columns: of the table of single
    examples, pairs (heading, number's name). figures: what is shown of the data, see figures.py.
    gradients: whether gradients are there. thawed: the words where D, which ought to be frozen in
    phase 2, is not."""

    key: str
    phase: str
    made: str
    title: str
    words: str
    formulas: tuple = ()
    columns: tuple = ()
    figures: tuple = ()
    gradients: bool = False
    thawed: str = ""


_V = "[ 1 | m ] Σ \\[ log <D4: D ( x_i ) > + log ( 1 − <D4: D ( <D3: G ( z_i ) > ) > ) \\]"


def gan_paper(loss):
    """Algorithm 1 of Goodfellow et al. 2014, with the loss of G that was used."""
    objective = ("[ 1 | m ] Σ log ( 1 − <G3: D ( <G2: G ( z_i ) > ) > )" if loss == "saturating"
                 else "− [ 1 | m ] Σ log <G3: D ( <G2: G ( z_i ) > ) >")
    note = ("" if loss == "saturating" else
            " <small>(the non-saturating loss of section 3; the box itself has "
            f"{math('log ( 1 − D ( G ( z_i ) ) )')})</small>")
    return f"""<p>for number of training iterations do</p>
<p class="in1" data-group="phase 1">for <i>k</i> steps do</p>
<p class="in2" data-lit="D1">Sample minibatch of <i>m</i> examples {math("x_i")} from the data.</p>
<p class="in2" data-lit="D2">Sample minibatch of <i>m</i> noise samples {math("z_i")} from the
prior.</p>
<p class="in2" data-lit="D3 D4 D5 D6 D7"><span data-lit="D7">Update the discriminator by ascending
</span>its stochastic gradient: {math(f"<D6: ∇_θd > <D5: {_V} >")}</p>
<p class="in1" data-group="phase 1">end for</p>
<p class="in1" data-lit="G1">Sample minibatch of <i>m</i> noise samples {math("z_i")} from the
prior.</p>
<p class="in1" data-lit="G2 G3 G4 G5 G6"><span data-lit="G6">Update the generator by descending
</span>its stochastic gradient: {math(f"<G5: ∇_θg > <G4: {objective} >")}{note}</p>
<p>end for</p>"""


def gan_cues(loss, plane, k):
    """D1 to D7 and G1 to G6; plane: whether samples are points, which can be printed, or images."""
    x = (("x₁", "tensors/x:0"), ("x₂", "tensors/x:1")) if plane else ()
    fake = (("G(z)₁", "tensors/fake:0"), ("G(z)₂", "tensors/fake:1")) if plane else ()
    z = (("z₁", "tensors/z:0"), ("z₂", "tensors/z:1"))
    real_side = (*x, ("logit of x", "tensors/real_logits"), ("D(x)", "derived/d_real"))
    fake_side = (*fake, ("logit of G(z)", "tensors/fake_logits"), ("D(G(z))", "derived/d_fake"))
    d = [
        Cue("D1", "phase 1", "x", "x",
            "A batch of real examples x is drawn from the data.", columns=x,
            figures=("real",)),
        Cue("D2", "phase 1", "z", "z", "As many noise vectors z are drawn from the prior.",
            columns=(*z, *x), figures=("real",)),
        Cue("D3", "phase 1", "fake", "G(z)",
            "G turns the noise into samples. G is frozen: its weights are constants, the tape "
            "remembers nothing of this, and G(z) is data like x.", columns=(*z, *fake),
            figures=("real", "fake")),
        Cue("D4", "phase 1", "real_logits", "D answers",
            "D gives every real and every generated sample a logit s; D = σ(s) is how likely it "
            "takes the sample to be real.",
            (math("D ( x ) = σ ( s ) = [ 1 | 1 + e^−s ]"),
             math("mean D ( x ) = {derived/mean_d_real} , mean D ( G ( z ) ) = "
                  "{derived/mean_d_fake}")), (*real_side, *fake_side),
            ("real", "fake", "map_before")),
        Cue("D5", "phase 1", "value", "V",
            "V(D, G) sums up how well D tells real from generated. Best for D would be 0; a D that "
            "always says 1/2 has −log 4.",
            (math("V = [ 1 | m ] Σ log D ( x_i ) + [ 1 | m ] Σ log ( 1 − D ( G ( z_i ) ) )"),
             math("V = {derived/mean_log_d_real} + ( {derived/mean_log_1_d_fake} ) "
                  "= {tensors/value}")),
            (("D(x)", "derived/d_real"), ("log D(x)", "derived/log_d_real"),
             ("D(G(z))", "derived/d_fake"), ("log(1 − D(G(z)))", "derived/log_1_d_fake")),
            ("real", "fake", "map_before")),
        Cue("D6", "phase 1", "gradients", "∇V",
            "Backward: each logit gets its gradient, D passes it on to its weights. G, frozen, has "
            "no gradient: absent, not zero.",
            (math("∂V/∂s = [ 1 − D ( x ) | m ] for x , [ − D ( G ( z ) ) | m ] for G ( z )"),
             math("‖ ∇_θd V ‖ = {derived/norm_discriminator}")),
            (("D(x)", "derived/d_real"), ("(1 − D(x))/m", "derived/closed_real"),
             ("∂V/∂s", "tensor_gradients/real_logits"), ("D(G(z))", "derived/d_fake"),
             ("−D(G(z))/m", "derived/closed_fake"), ("∂V/∂s", "tensor_gradients/fake_logits")),
            ("real", "fake", "map_before"), gradients=True),
        Cue("D7", "phase 1", "updates", "D moves",
            "D's weights move up the gradient: the optimizer descends, so it is given −∇V.",
            ("{update discriminator}",
             math("‖ Δ θd ‖ = {derived/moved_discriminator}")),
            (("D(x) before", "derived/d_real"), ("D(G(z)) before", "derived/d_fake")),
            ("real", "fake", "map_after"), gradients=True),
    ]
    bracket, closed, sign = (
        ("log ( 1 − D ( G ( z_i ) ) )", "− D ( G ( z ) )", "") if loss == "saturating" else
        ("log D ( G ( z_i ) )", "− ( 1 − D ( G ( z ) ) )", "−"))
    logs = (("log(1 − D(G(z)))", "derived/log_1_d_fake") if loss == "saturating" else
            ("log D(G(z))", "derived/log_d_fake"))
    mean = "derived/mean_" + logs[1].removeprefix("derived/")
    arrows = (("what G is told₁", "derived/descent:0"), ("what G is told₂", "derived/descent:1"))
    g = [
        Cue("G1", "phase 2", "z", "z", "Phase 2 begins with fresh noise.", columns=z,
            figures=("map_now",)),
        Cue("G2", "phase 2", "fake", "G(z)",
            "G turns it into samples, and now the tape remembers how.", columns=(*z, *fake),
            figures=("fake", "map_now", "mesh_before")),
        Cue("G3", "phase 2", "fake_logits", "D answers",
            "D judges them. D is frozen: its weights are constants, yet the gradient will pass "
            "through it. (Detached would be cut: then G would learn nothing.)",
            (math("mean D ( G ( z ) ) = {derived/mean_d_fake}"),), fake_side,
            ("fake", "map_now", "mesh_before"),
            thawed="D judges them. Here D was not frozen: its weights are on the tape too, and "
                   "will get a gradient that is none of theirs."),
        Cue("G4", "phase 2", "value", "value",
            "The value that G descends.",
            (math(f"{sign} [ 1 | m ] Σ {bracket} = {sign} ( {{{mean}}} ) = {{tensors/value}}"
                  if sign else f"[ 1 | m ] Σ {bracket} = {{tensors/value}}"),),
            (("D(G(z))", "derived/d_fake"), logs), ("fake", "map_now", "mesh_before")),
        Cue("G5", "phase 2", "gradients", "∇ to G",
            "Backward through the composed network: through the frozen D, which keeps no gradient, "
            "to each sample G(z), and on into G's weights. What arrives at G(z) is all that G is "
            "told.",
            (math(f"∂L/∂s = [ {closed} | m ]"),
             "by the saturating loss " + math("‖ ∂L/∂G(z) ‖ = {derived/norm_saturating}"),
             "by the non-saturating " + math("‖ ∂L/∂G(z) ‖ = {derived/norm_non_saturating}"),
             math("‖ ∇_θg L ‖ = {derived/norm_generator}")),
            (("D(G(z))", "derived/d_fake"), ("∂L/∂s", "tensor_gradients/fake_logits"),
             ("closed form", "derived/closed_fake"),
             ("the other loss's ∂L/∂s", "derived/other_logit_gradient"),
             *(arrows if plane else ())),
            ("fake", "map_now", "mesh_before", "arrows"), gradients=True,
            thawed="Backward through the composed network. D was not frozen, so its weights get a "
                   "gradient too: the one by which G's objective falls."),
        Cue("G6", "phase 2", "updates", "G moves",
            "G's weights move down the gradient, and every sample moves with them.",
            ("{update generator}", math("‖ Δ θg ‖ = {derived/moved_generator}")),
            (*((("G(z)₁", "views/fake_before:0"), ("G(z)₂", "views/fake_before:1"),
                ("moved to₁", "views/fake_after:0"), ("moved to₂", "views/fake_after:1"))
               if plane else ()),),
            ("fake", "map_now", "mesh_after", "arrows", "moved"), gradients=True,
            thawed="G's weights move, and D's with them, towards calling real what G makes."),
    ]
    return d, g


AE_PAPER = f"""<p>for number of training steps do</p>
<p class="in1" data-lit="A1">Take a batch {math("x")}; it is its own target.</p>
<p class="in1" data-lit="A2">Encode: {math("z = encoder ( x )")}</p>
<p class="in1" data-lit="A3">Decode: {math("x̂ = decoder ( z )")}</p>
<p class="in1" data-lit="A4 A5 A6"><span data-lit="A6">Descend </span>
{math("<A5: ∇_θ > <A4: L ( x̂ , x ) >")}</p>
<p>end for</p>"""


def ae_cues():
    """A1 to A6."""
    return [
        Cue("A1", "step", "x", "x", "A batch x is taken; it is also the target.",
            figures=("x",)),
        Cue("A2", "step", "z", "z", "The encoder squeezes x into the code z.",
            figures=("x", "z")),
        Cue("A3", "step", "x_hat", "x̂", "The decoder makes x̂ of the code alone.",
            figures=("x", "z", "x_hat")),
        Cue("A4", "step", "value", "loss", "The loss says how far x̂ is from x.",
            (math("L ( x̂ , x ) = {tensors/value}"),), figures=("x", "z", "x_hat")),
        Cue("A5", "step", "gradients", "∇ L",
            "Backward, through the decoder to the code, through the encoder to its weights.",
            (math("‖ ∇ decoder ‖ = {derived/norm_decoder} , ‖ ∇ encoder ‖ = "
                  "{derived/norm_encoder}"),),
            figures=("x", "z", "z_gradient", "x_hat", "x_hat_gradient"), gradients=True),
        Cue("A6", "step", "updates", "weights move", "Every weight moves down its gradient.",
            ("{update encoder}", math("‖ Δ encoder ‖ = {derived/moved_encoder} , ‖ Δ decoder ‖ = "
                                      "{derived/moved_decoder}")),
            figures=("x", "z", "z_gradient", "x_hat", "x_hat_gradient"), gradients=True),
    ]


VAE_PAPER = f"""<p>repeat</p>
<p class="in1" data-lit="V1">{math("x")} ← random minibatch of the data</p>
<p class="in1" data-lit="V2">{math("μ , log σ^2 = encoder ( x )")}</p>
<p class="in1" data-lit="V3">{math("ε")} ← random samples from the noise distribution
{math("N ( 0 , I )")}</p>
<p class="in1" data-lit="V4">{math("z = μ + σ ε")}</p>
<p class="in1" data-lit="V5">{math("p ( x | z ) = decoder ( z )".replace(" | ", " ∣ "))}</p>
<p class="in1" data-lit="V6 V7 V8"><span data-lit="V8">Descend </span>
{math("<V7: ∇_θ,φ > <V6: − ( E log p ( x ∣ z ) − β KL ) >")}</p>
<p>until convergence</p>"""


def vae_cues():
    """V1 to V8."""
    routes = ("mu_by_z", "mu_by_kl", "mu_gradient")
    return [
        Cue("V1", "step", "x", "x", "A batch x is taken.", figures=("x",)),
        Cue("V2", "step", "mu", "μ and σ",
            "The encoder says, for each x, a mean μ and a spread σ = exp(log σ² / 2) of its codes.",
            figures=("x", "mu", "sigma")),
        Cue("V3", "step", "noise", "ε",
            "Noise is drawn; for the gradient it is a constant, like x.",
            figures=("mu", "sigma", "noise")),
        Cue("V4", "step", "z", "z = μ + σ ε",
            "Shifted and scaled it is a sample of q(z|x), and a differentiable function of μ and "
            "σ: the reparameterisation.",
            (math("z = μ + σ ε : {tensors/z} = {tensors/mu} + {derived/sigma} · "
                  "( {tensors/noise} )"),),
            figures=("mu", "sigma", "noise", "z")),
        Cue("V5", "step", "decoded", "decode z", "The decoder makes x̂ of the sample.",
            figures=("x", "z", "x_hat")),
        Cue("V6", "step", "value", "the bound",
            "The bound has two terms: how well z explains x, and how far q(z|x) is from the prior.",
            (math("ELBO = E log p ( x ∣ z ) − KL = {tensors/reconstruction} − {tensors/kl} "
                  "= {derived/elbo}"),
             math("L = − ( E log p ( x ∣ z ) − β KL ) = {tensors/value}")),
            figures=("x", "z", "x_hat")),
        Cue("V7", "step", "gradients", "two routes into μ",
            "Backward: μ gets a gradient by way of z and the decoder, and another by way of the "
            "KL; they add up.",
            (math("∂L/∂μ = {derived/route_by_z} + ( {derived/route_by_kl} ) = {derived/route_sum}"),
             math("‖ by z ‖ = {derived/norm_mu_by_z} , ‖ by KL ‖ = {derived/norm_mu_by_kl}")),
            figures=routes, gradients=True),
        Cue("V8", "step", "updates", "weights move", "Every weight moves down its gradient.",
            ("{update encoder}", math("‖ Δ encoder ‖ = {derived/moved_encoder} , ‖ Δ decoder ‖ = "
                                      "{derived/moved_decoder}")),
            figures=routes, gradients=True),
    ]

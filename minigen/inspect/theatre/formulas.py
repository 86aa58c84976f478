"""Formulas as MathML, from one line of text each, and those of the layers and the optimizers.

    math("[1 | m] Σ log D ( x_i )")         a fraction, a sum, a subscript
    math("= {tensors/value}")               a place for a number, which the page fills in

Tokens are separated by spaces: a_b has a subscript, a^b a superscript, [ a | b ] is a fraction and
\\[ a bracket, {name} the number of that name in the phase that is shown ({name:3}: its fourth),
<cues: ... > a part that is lit at these cues (names joined by +). Read next: stage.py.
"""

import html
import re

_TOKEN = re.compile(r"<[\w+]+:|[^\s]+")


def math(text, label=None):
    """A <math> element."""
    said = f' aria-label="{html.escape(label)}"' if label else ""
    return f"<math{said}><mrow>{''.join(_parse(_TOKEN.findall(text)))}</mrow></math>"


def _parse(tokens, end=None):
    """The elements of the tokens up to `end`, which is taken too."""
    found = []
    while tokens:
        token = tokens.pop(0)
        if token == end:
            return found
        if token == "[":
            above, below = _parse(tokens, "|"), _parse(tokens, "]")
            found.append(f"<mfrac><mrow>{''.join(above)}</mrow><mrow>{''.join(below)}</mrow>"
                         "</mfrac>")
        elif token.startswith("<") and token.endswith(":"):
            cues = token[1:-1].replace("+", " ")
            found.append(f'<mrow data-lit="{cues}">{"".join(_parse(tokens, ">"))}</mrow>'
                         '<mspace width="0.12em"/>')
        else:
            found.append(_scripts(token))
    return found


def _scripts(token):
    if token.startswith("{"):
        return f'<mn data-ref="{token[1:-1]}"></mn>'
    for sign, tag in (("_", "msub"), ("^", "msup")):
        base, there, script = token.partition(sign)
        if there and base and script:
            return f"<{tag}>{_scripts(base)}{_scripts(script)}</{tag}>"
    return _atom(token)


def _atom(token):
    text = html.escape(token.replace("\\", ""))           # \\[ is a bracket, not a fraction
    if token[0].isdigit():
        return f"<mn>{text}</mn>"
    return f"<mi>{text}</mi>" if token[0].isalpha() else f"<mo>{text}</mo>"


# A layer's value and its gradients, g = ∂L/∂y coming from the right.
_RULES = {
    "Dense": ("y = x W^⊤ + b", "∂L/∂W = g^⊤ x", "∂L/∂b = Σ g", "∂L/∂x = g W"),
    "ReLU": ("y = max ( x , 0 )", "∂L/∂x = g · ( x > 0 )"),
    "LeakyReLU": ("y = max ( x , 0.2 x )", "∂L/∂x = g · ( x > 0 ? 1 : 0.2 )"),
    "Sigmoid": ("y = σ ( x )", "∂L/∂x = g · y ( 1 − y )"),
    "Tanh": ("y = tanh ( x )", "∂L/∂x = g · ( 1 − y^2 )"),
    "Conv2d": ("y = W ∗ x + b", "∂L/∂W = g ∗ x", "∂L/∂x = W^⊤ g"),
    "ConvTranspose2d": ("y = W^⊤ x + b", "∂L/∂W = x ∗ g", "∂L/∂x = W ∗ g"),
    "BatchNorm": ("y = γ [ x − mean | std ] + β", "∂L/∂γ = Σ g · [ x − mean | std ]",
                  "∂L/∂β = Σ g"),
    "Flatten": ("y = x , in another shape", "∂L/∂x = g , in x 's shape"),
    "Reshape": ("y = x , in another shape", "∂L/∂x = g , in x 's shape"),
}


def rules(call):
    """The rules of the layer that this call makes ("Dense(2, 16)"), as one line of HTML."""
    kind = call.partition("(")[0]
    return " ".join(math(text) for text in _RULES.get(kind, ()))


def update_rule(optimizer, ascends):
    """What the optimizer does with a gradient g, as HTML."""
    g = "− ∇ V" if ascends else "∇ L"
    if optimizer["name"] == "SGD" and optimizer.get("momentum"):
        mu, lr = optimizer["momentum"], optimizer["lr"]
        return (math(f"v ← {mu} v + ( {g} )") + math(f"θ ← θ − {lr} v")
                if lr != "a schedule" else math(f"v ← {mu} v + ( {g} )") + math("θ ← θ − η v"))
    if optimizer["name"] == "SGD":
        return math(f"θ ← θ − {optimizer['lr']} ( {g} )")
    if optimizer["name"] == "Adam":
        return (math(f"a ← β_1 a + ( 1 − β_1 ) g , g = {g}") + math("s ← β_2 s + ( 1 − β_2 ) g^2")
                + math("θ ← θ − η [ a / ( 1 − β_1^t ) | √ ( s / ( 1 − β_2^t ) ) + ε ]"))
    return math(f"s ← α s + ( 1 − α ) g^2 , g = {g}") + math("θ ← θ − η [ g | √ s + ε ]")

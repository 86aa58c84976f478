"""Small grey faces, drawn by minigen (data/faces.py): pictures of many kinds that a small network
can copy and make."""

import minigen as mg

SIZE = 16


def grey(n):
    """n random faces, float32 (n, 1, 16, 16) in [0, 1], drawn by minigen's generator"""
    seed = int(mg.random.generator().integers(2**32))
    return 0.5 + 0.5 * mg.data.faces(n, size=SIZE, seed=seed)[0].mean(1, keepdims=True)

"""What the demos share, and nothing of what they teach.

    run.py           a demo's flags, its first and last line, run.json, the digits that --data names
    claims.py        the table: what the lecture claims, what this run measured, whether it held
    pictures.py      the style, image grids, saving a figure
    networks.py      networks applied in batches, their parameters in one list, an encoder, Adam
    plane.py         densities on a lattice over the plane, and maps of D
    effects.py       the effect of a change over paired runs, with its interval
    side_by_side.py  layers that play a game with several seeds at once
    latent_search.py the z whose image is nearest to x
    lecture.py       which demos there are, in the lecture's order
    digits_judge.py, faces_judge.py      trained classifiers that say what a generated image shows

A script in demos/ says `from shared import run, pictures`: Python looks beside the script first.
"""

"""Which is fake: at the end of the game D's answers are near 1/2, and yet it finds most of the generated digits."""

import pytest

pytestmark = pytest.mark.claims


def test_d_is_no_coin(run_demo, tmp_path):
    run = run_demo("which_is_fake")
    found, d_real, d_fake, _ = run["claims"]
    assert found["verdict"] == "not held" and 0.6 <= found["measured"] <= 0.95
    assert abs(d_real["measured"] - 0.5) <= 0.1 and abs(d_fake["measured"] - 0.5) <= 0.1
    assert {"which_is_fake.html", "pairs.png"} <= {path.name for path in tmp_path.iterdir()}

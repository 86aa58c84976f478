"""The 8-3-8 network of a hundred starts: the identity always, the binary code often."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("autoencoder_8_3_8")
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert run["figures"]["identity"] >= 0.99
    assert 0.34 <= run["figures"]["distinct_momentum"] <= 0.64 and 0.56 <= run["figures"]["distinct"] <= 0.84
    assert {"codes.png", "starts.png"} <= {path.name for path in tmp_path.iterdir()}

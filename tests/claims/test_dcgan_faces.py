"""Vector arithmetic on faces: twenty exemplars give women with glasses, and the same sum of pictures gives no face."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("dcgan_faces")
    verdicts = {row["claim"]: row["verdict"] for row in run["claims"] if row["threshold"]}
    assert len(verdicts) == 5 and set(verdicts.values()) == {"held"}
    assert {"samples.png", "arithmetic.png", "exemplars.png"} <= {path.name for path in tmp_path.iterdir()}

"""Vector arithmetic on faces: twenty exemplars give women with glasses, and the same sum of pictures gives no face."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("dcgan_faces")
    verdicts = {row["claim"]: row["verdict"] for row in run["claims"] if row["threshold"]}
    unsettled = "the decoded sum is a face: taken for one face (the mark is that of --full)"    # 0.27 in the short default
    assert verdicts.pop(unsettled) in ("held", "not held")
    assert len(verdicts) == 5 and set(verdicts.values()) == {"held"}
    assert {"samples.png", "arithmetic.png", "exemplars.png"} <= {path.name for path in tmp_path.iterdir()}

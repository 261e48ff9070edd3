"""220 damaged files: each read with every record accounted for, or refused in a sentence that names it."""

import fuzz_ingest


def test_damaged_files():
    ends, findings = fuzz_ingest.fuzz(count=220, seed=20, seconds=170, keep=None)
    assert findings == []
    assert ends.total() == 220 and ends["read"] > 50 and ends["refused"] > 20, ends

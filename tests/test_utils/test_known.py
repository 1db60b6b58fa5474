import pytest

from monfap_mm.utils.known import known


def test_what_is_there_and_what_is_not():
    assert known(0) == 0
    with pytest.raises(AssertionError):
        known(None)

import pytest

from monfap_mm.media.limits import check_one_piece


def test_one_piece_has_4096_x_4096_pixels_at_most():
    check_one_piece((2048, 8192))
    reason = '8192 x 2049 pixels are too many for one piece: use mode slide, or Resize in the test pipeline'
    with pytest.raises(ValueError, match=f'^{reason}$'):
        check_one_piece((2049, 8192))
    check_one_piece((3, 5), 15)
    with pytest.raises(ValueError, match=r'^5 x 3 pixels are .* pipeline \(a.png, b.png\)$'):
        check_one_piece((3, 5), 14, 'a.png, b.png')

import os

import pytest

from monfap_mm.utils.printable import printable


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('photo (1).jpg', 'photo (1).jpg'),
        ('фото 照片.jpg', 'фото 照片.jpg'),
        (os.fsdecode(b'caf\xe9.png'), r'caf\xe9.png'),
        ('two\nlines\x1b[2J', r'two\nlines\x1b[2J'),
        ('a\u202egpj.exe', r'a\u202egpj.exe'),  # would be shown as aexe.jpg
        ('\ud800', r'\ud800'),  # half of a pair, as JSON can hold it
    ],
)
def test_what_does_not_print_is_escaped(text, shown):
    assert printable(text) == shown
    shown.encode()

from argparse import ArgumentTypeError

import pytest

from monfap_mm.cli.arguments import existing_file, existing_folder, positive_number, share, whole_number


def test_files_and_folders(tmp_path):
    (tmp_path / 'file').write_text('')
    assert existing_file(str(tmp_path / 'file')) == tmp_path / 'file'
    assert existing_folder(str(tmp_path)) == tmp_path
    with pytest.raises(ArgumentTypeError, match='there is no file'):
        existing_file(str(tmp_path))
    with pytest.raises(ArgumentTypeError, match='there is no folder'):
        existing_folder(str(tmp_path / 'file'))


@pytest.mark.parametrize(
    ('parse', 'good', 'bad'),
    [
        (positive_number, {'1': 1, '20': 20}, ['0', '-1', '1.5', '', 'many']),
        (whole_number(0, 3), {'0': 0, '3': 3}, ['4', '-1', '1.0', '']),
        (share, {'0': 0.0, '1': 1.0, '.25': 0.25}, ['1.01', '-0.1', 'nan', 'half', '']),
    ],
    ids=['positive', 'range', 'share'],
)
def test_numbers(parse, good, bad):
    assert {text: parse(text) for text in good} == good
    for text in bad:
        with pytest.raises(ArgumentTypeError, match='must be'):
            parse(text)

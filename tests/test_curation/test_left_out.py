from monfap_mm.curation.left_out import report_left_out
from monfap_mm.media.endings import VIDEO_ENDINGS


def test_files_of_other_kinds_are_counted(tmp_path, capsys):
    for name in ('a.jpg', 'deep/b.jxl', 'c.mp4', 'd.JXL'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    report_left_out(tmp_path)
    assert capsys.readouterr().out == f'{tmp_path}: 3 files of other kinds left out: 2 .jxl, 1 .mp4\n'
    report_left_out(tmp_path, VIDEO_ENDINGS)
    assert capsys.readouterr().out == f'{tmp_path}: 3 files of other kinds left out: 2 .jxl, 1 .jpg\n'


def test_nothing_is_printed_of_a_folder_of_pictures(tmp_path, capsys):
    (tmp_path / 'a.jpg').touch()
    report_left_out(tmp_path)
    assert capsys.readouterr().out == ''

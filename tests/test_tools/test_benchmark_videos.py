from tests.test_tools.converters import convert_here


def test_it_measures(monkeypatch, capsys):
    assert convert_here(monkeypatch, 'benchmark_videos', '--scenes', '1', '--frames', '4', '--workers', '1') == 0
    output = capsys.readouterr().out
    assert '1 scenes, each three videos of 4 frames of 640 x 360 pixels' in output
    assert '1 scenes, 0 bad' in output
    assert 'scenes per second of one core' in output

import json

import pytest

from tools.analysis_tools.growth_curves import draw, read_curves, slope

from ..older_file import OlderFile
from .conftest import tool


def row(size, milliseconds, batch=1, form='package', peak=10.0):
    return dict(
        config='monfap-c_demo',
        mode='forward',
        form=form,
        size=size,
        batch=batch,
        milliseconds=milliseconds,
        peak_mib=peak,
    )


def test_slope_is_the_exponent():
    assert slope([(x, 3 * x**1.5) for x in (10.0, 100.0, 1000.0)]) == pytest.approx(1.5)


def test_curves_are_sorted_by_pixels_and_need_two_sizes():
    report = dict(results=[row(128, 40.0), row(64, 10.0), row(64, 5.0, form='plain'), row(64, 22.0, batch=2)])
    assert read_curves(report, 'milliseconds') == {
        'monfap-c, forward, package': [(64**2, 10.0), (2 * 64**2, 22.0), (128**2, 40.0)]
    }


def test_unknown_memory_is_left_out():
    report = dict(results=[row(64, 10.0, peak=None), row(128, 40.0, peak=None)])
    assert read_curves(report, 'peak_mib') == {}
    assert len(draw(report).axes) == 2


def test_legend_has_the_slope():
    figure = draw(dict(results=[row(64, 10.0), row(128, 40.0)]))
    (text,) = figure.axes[0].get_legend().get_texts()
    assert text.get_text() == 'monfap-c, forward, package: slope 1.00'


def test_tool_writes_a_picture(tmp_path):
    (tmp_path / 'benchmark.json').write_text(json.dumps(dict(results=[row(64, 10.0), row(128, 40.0)])))
    older = OlderFile(tmp_path / 'growth.png')
    tool('analysis_tools/growth_curves.py', tmp_path / 'benchmark.json', tmp_path / 'growth.png', cwd=tmp_path)
    assert (tmp_path / 'growth.png').read_bytes().startswith(b'\x89PNG')
    assert older.was_replaced_as_a_whole()
    done = tool('analysis_tools/growth_curves.py', 'benchmark.json', 'growth.xyz', cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith('growth_curves: growth.xyz cannot be written: Format')
    assert sorted(path.name for path in tmp_path.iterdir()) == ['benchmark.json', 'growth.png']


@pytest.mark.parametrize('content', ['', '{}', json.dumps(dict(results=[]))])
def test_a_report_that_is_none_is_named(content, tmp_path):
    (tmp_path / 'bad.json').write_text(content)
    done = tool('analysis_tools/growth_curves.py', tmp_path / 'bad.json', tmp_path / 'x.png', cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert 'bad.json' in done.stderr

"""tools/analysis_tools/compare_systems.py: one table of several systems, of which one cannot be measured."""

import json

import pytest

from .conftest import ROOT, tool

DEMO = ROOT / 'configs' / 'demo'
PROTOCOL = f"""
title: Small
table: II
groups: [OFV2, FFIW]
rows:
  MoNFAP-C:
    OFV2: {{config: {DEMO}/monfap-c_demo.py, train: true}}
    FFIW: {{config: {DEMO}/monfap-c_demo.py, train: true}}
  MVSS:
    OFV2: {{config: {DEMO}/mvss-net_demo.py, train: true}}
  CATNet:
    OFV2: {{config: broken.py, train: true}}
"""
AGAIN = f"""
title: Again
groups: [demo]
rows:
  MVSS-Net:
    demo: {{config: {DEMO}/mvss-net_demo.py, train: true}}
"""


def test_every_system_has_a_row_and_a_failure_says_why(tmp_path):
    (tmp_path / 'first.yml').write_text(PROTOCOL)
    (tmp_path / 'second.yml').write_text(AGAIN)
    (tmp_path / 'broken.py').write_text("model = dict(type='NoSuchModel')\n")
    arguments = ('first.yml', 'second.yml', '--size', 64, '--rounds', 1, '--device', 'cpu', '--out', 'out/peers')
    tool('analysis_tools/compare_systems.py', *arguments, cwd=tmp_path)
    content = json.loads((tmp_path / 'out' / 'peers.json').read_text())
    monfap, mvss, broken = content['systems']
    assert [system['name'] for system in content['systems']] == ['MoNFAP-C', 'MVSS', 'CATNet']
    assert monfap['cost']['parameters'] == pytest.approx(2.44, abs=0.01)
    assert mvss['cost']['parameters'] == pytest.approx(1.78, abs=0.01)
    assert min(monfap['cost'][key] for key in ('flops', 'milliseconds', 'peak_mib')) > 0
    assert monfap['paper']['OFV2 IoU-f'] == 90.15
    assert 'NoSuchModel' in broken['cost']
    text = (tmp_path / 'out' / 'peers.md').read_text()
    assert sum(line.startswith('| ') or line.startswith('|  ') for line in text.splitlines()) >= 4
    assert '- CATNet: KeyError' in text
    assert '90.15' in text

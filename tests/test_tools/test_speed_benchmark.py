"""tools/analysis_tools/benchmark.py: figures that fit together, by part and form."""

import json
import sys
import time

import pytest
import torch
from torch import nn

from monfap_mm.deployment.speed.measuring import PartTimer, checkpointing, measure_peaks, peak_bytes, time_steps
from monfap_mm.deployment.speed.reporting import summarize
from tools.analysis_tools.benchmark import parse_args

from .conftest import ROOT, tool

NAME = 'analysis_tools/benchmark.py'
CONFIGS = [ROOT / 'configs' / 'demo' / f'{name}_demo.py' for name in ('monfap-c', 'fcn')]


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """Folder with the report of one round of both models."""
    folder = tmp_path_factory.mktemp('benchmark')
    small = ('--sizes', 64, '--batches', 2, '--rounds', 1, '--device', 'cpu')
    tool(NAME, *CONFIGS, *small, '--with-cp', '--out', folder / 'out', cwd=folder)
    return folder / 'out'


def test_figures_fit_together(report):
    results = json.loads((report / 'benchmark.json').read_text())['results']
    by_setting = {(r['config'], r['mode'], r['form']): r for r in results}
    assert set(by_setting) == {
        ('monfap-c_demo', 'forward', 'plain'),
        ('monfap-c_demo', 'forward', 'package'),
        ('monfap-c_demo', 'forward', 'inference'),
        ('monfap-c_demo', 'train', 'plain'),
        ('monfap-c_demo', 'train', 'package'),
        ('monfap-c_demo', 'train', 'with_cp'),
        # Of an FCN the backbone has a plain form.
        ('fcn_demo', 'forward', 'plain'),
        ('fcn_demo', 'forward', 'package'),
        ('fcn_demo', 'train', 'plain'),
        ('fcn_demo', 'train', 'package'),
        ('fcn_demo', 'train', 'with_cp'),
    }
    for (config, mode, _), row in by_setting.items():
        assert sum(row['parts'].values()) == pytest.approx(row['milliseconds'])
        assert row['images_per_second'] == pytest.approx(2000 / row['milliseconds'])
        plain = by_setting[config, mode, 'plain']
        assert row['faster'] == pytest.approx(plain['milliseconds'] / row['milliseconds'])
    for form in ('package', 'inference'):
        assert by_setting['monfap-c_demo', 'forward', form]['difference'] < 1e-4
    parts = {'backbone', 'neck', 'localizer', 'head', 'rest'}
    assert set(by_setting['monfap-c_demo', 'forward', 'inference']['parts']) == parts
    assert set(by_setting['monfap-c_demo', 'train', 'plain']['parts']) == parts | {'losses', 'backward', 'update'}


def test_markdown_has_the_command_and_a_line_a_form(report):
    text = (report / 'benchmark.md').read_text()
    assert 'benchmark.py' in text.splitlines()[0]
    assert sum(line.startswith('|') and '_demo' in line for line in text.splitlines()) == 11
    assert '**forward**' in text
    assert '**train**' in text


class Clock:
    """Time that passes only when told."""

    now = 0.0

    def tick(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, 'perf_counter', lambda: clock.now)
    return clock


class Part(nn.Module):
    """Takes a second, after its inner part."""

    def __init__(self, clock, inner=None):
        super().__init__()
        self.clock, self.inner = clock, inner

    def forward(self):
        if self.inner is not None:
            self.inner()
        self.clock.tick(1)


class Segmentor(nn.Module):
    with_neck = False

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.backbone = Part(clock)
        self.decode_head = Part(clock, inner=Part(clock))
        self.decode_head.coarse_localizer = self.decode_head.inner


def test_a_part_within_another_counts_to_the_inner_one(clock):
    model = Segmentor(clock)
    timer = PartTimer(model, 'cpu')

    def run():
        model.backbone()
        model.decode_head()
        model.backbone()
        clock.tick(0.5)

    for _ in range(2):  # every step starts from zero
        assert timer.step(run) == dict(backbone=2, head=1, localizer=1, rest=0.5)


def test_ratios_are_medians_within_rounds():
    def values(*seconds, peaks, logits=0.0):
        return dict(seconds=[dict(rest=s) for s in seconds], peaks=peaks, logits=torch.tensor([logits, 1.0]))

    measured = dict(plain=values(2, 30, 9, peaks=[4, 9, 1]), package=values(1, 10, 1, peaks=[1, 2, 0], logits=0.25))
    plain, package = summarize(measured, config='c', mode='forward', size=64, batch=3)
    assert (plain.milliseconds, plain.faster, plain.leaner, plain.difference) == (9000, 1, 1, 0)
    assert (package.milliseconds, package.faster, package.leaner, package.difference) == (1000, 3, 4, 0.25)
    assert package.images_per_second == 3


def test_a_model_without_plain_form_has_no_ratios():
    values = dict(seconds=[dict(rest=1.0)], peaks=[None], logits=torch.zeros(2))
    (row,) = summarize(dict(package=values), config='c', mode='forward', size=64, batch=1)
    assert row.faster is row.leaner is row.difference is row.peak_mib is None


def test_checkpointing_is_on_in_the_parts_that_were_named_within_its_context_only():
    model = nn.ModuleDict({name: nn.Sequential(nn.Identity(), nn.Identity()) for name in ('backbone', 'neck')})
    model.backbone[0].with_cp, model.backbone[1].with_cp, model.neck[0].with_cp = False, True, False
    with checkpointing(model, ['backbone', 'decode_head']):
        assert model.backbone[0].with_cp is model.backbone[1].with_cp is True
        assert model.neck[0].with_cp is False
        assert not hasattr(model.neck[1], 'with_cp')
    assert (model.backbone[0].with_cp, model.backbone[1].with_cp) == (False, True)


def test_forms_take_turns():
    calls = []
    steps = {name: lambda name=name: (calls.append(name), (dict(rest=1.0), None))[1] for name in 'ab'}
    time_steps(steps, 2)
    assert calls == ['a', 'b'] * 3  # to warm up and two rounds
    measure_peaks(steps, 2, 'cpu')
    assert calls == ['a', 'b'] * 6


def test_peak_is_what_a_step_adds():
    def step():
        torch.ones(64 * 2**20 // 4)

    peak = peak_bytes(step, 'cpu')
    if peak is None:
        pytest.skip('this system tells no peak of resident memory')
    assert peak == pytest.approx(64 * 2**20, rel=0.1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('nowhere.py',), 'there is no config file nowhere.py'),
        ((CONFIGS[0], '--sizes', 32), '--sizes must be at least 64'),
        ((CONFIGS[0], '--rounds', 0), 'must be at least 1'),
    ],
)
def test_bad_arguments(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['benchmark.py', *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        parse_args()
    assert stop.value.code == 2
    assert message in capsys.readouterr().err

"""The report of the speed benchmark: medians, ratios, tables."""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

import torch
from prettytable import PrettyTable, TableStyle

MIB = 2**20


@dataclass(frozen=True)
class Result:
    """A line of the report.

    Attributes:
        config: Name of the config.
        mode: 'forward' or 'train'.
        size: Height and width of the images.
        batch: Images.
        form: 'plain', 'package', 'inference', 'compiled' or 'with_cp'.
        milliseconds: Median time of a step.
        images_per_second: ``batch`` over that time.
        faster: How many times as fast as the plain form; None without plain form.
        peak_mib: Memory that a step adds at its peak, in MiB; None where the system does not tell.
        leaner: How many times less memory than the plain form adds; None without either.
        difference: Largest difference of a logit from the plain form's.
        parts: Median milliseconds by part.
    """

    config: str
    mode: str
    size: int
    batch: int
    form: str
    milliseconds: float
    images_per_second: float
    faster: float | None
    peak_mib: float | None
    leaner: float | None
    difference: float | None
    parts: dict[str, float]


def summarize(measured: Mapping[str, Mapping], **setting) -> list[Result]:
    """Medians and ratios of what :func:`measure` returned; ``setting`` has config, mode, size and batch."""
    plain = measured.get('plain')
    results = []
    for form, values in measured.items():
        totals = [sum(seconds.values()) for seconds in values['seconds']]
        milliseconds = 1e3 * median(totals)
        peak = _median_peak(values)
        faster = leaner = difference = None
        if plain is not None:
            faster = median(sum(a.values()) / b for a, b in zip(plain['seconds'], totals))
            leaner = _median_peak(plain) / peak if peak else None
            if values['logits'] is not None:
                difference = (values['logits'] - plain['logits']).abs().max().item()
        results.append(
            Result(
                **setting,
                form=form,
                milliseconds=milliseconds,
                images_per_second=1e3 * setting['batch'] / milliseconds,
                faster=faster,
                peak_mib=None if peak is None else peak / MIB,
                leaner=leaner,
                difference=difference,
                parts={part: 1e3 * median(s[part] for s in values['seconds']) for part in values['seconds'][0]},
            )
        )
    return results


def _median_peak(values: dict) -> float | None:
    return None if None in values['peaks'] else median(values['peaks'])


def markdown(results: list[Result], machine: dict) -> str:
    """The report: what was run where, and one table per mode."""
    lines = [f'- {key}: {value}' for key, value in machine.items()]
    for mode in dict.fromkeys(result.mode for result in results):
        rows = [result for result in results if result.mode == mode]
        if not rows:
            continue
        parts = list(dict.fromkeys(part for row in rows for part in row.parts))
        table = PrettyTable(
            [
                'config',
                'size',
                'batch',
                'form',
                'ms',
                'images/s',
                'x as fast',
                'peak MiB',
                'x as lean',
                'logits differ by',
            ]
            + [f'{part} ms' for part in parts]
        )
        table.set_style(TableStyle.MARKDOWN)
        for row in rows:
            cells = [row.config, row.size, row.batch, row.form, _text(row.milliseconds, '.1f')]
            cells += [_text(row.images_per_second, '.2f'), _text(row.faster, '.2f'), _text(row.peak_mib, '.0f')]
            cells += [_text(row.leaner, '.2f'), _text(row.difference, '.0e')]
            table.add_row(cells + [_text(row.parts.get(part), '.1f') for part in parts])
        lines += ['', f'**{mode}**', '', table.get_string()]
    return '\n'.join(lines) + '\n'


def _text(value: float | None, spec: str) -> str:
    return '' if value is None else format(value, spec)


def describe_machine(device: str) -> dict[str, str]:
    """What the figures hold for."""
    name = torch.cuda.get_device_name() if device.startswith('cuda') else platform.processor() or platform.machine()
    load = f'{os.getloadavg()[0]:.1f}' if hasattr(os, 'getloadavg') else 'unknown'
    return {
        'command': 'python ' + ' '.join(sys.argv),
        'date': datetime.now().isoformat(timespec='minutes'),
        'device': f'{device} ({name}), {torch.get_num_threads()} threads of {os.cpu_count()} cores, load {load}',
        'torch': torch.__version__,
    }

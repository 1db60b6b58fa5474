"""What the systems of protocols cost for an image, beside the paper's figures, in one table.

A FLOP is a multiply-add. Time and memory are those of the inference form, medians over the rounds; memory is what an
answer adds at its peak. Each system runs in a process of its own: one that fails leaves a line that says why. A system
that stands in several protocols is measured once; the paper's figures are those of the first protocol's table.

    python tools/analysis_tools/compare_systems.py configs/benchmarks/table0{2_intra-dataset,5_image-forgery}.yml
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from prettytable import PrettyTable, TableStyle

import monfap_mm  # noqa: F401  (registers the models)
from monfap_mm.cli.arguments import positive_number
from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.deployment.speed.reporting import describe_machine
from monfap_mm.deployment.speed.systems import cost_of
from monfap_mm.protocols import Protocol, ProtocolError, load_protocol
from monfap_mm.utils.atomic_write import atomic_write


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('protocols', nargs='+', metavar='PROTOCOL', help='protocol files, such as configs/benchmarks')
    parser.add_argument('--size', type=positive_number, default=512, help='height and width; default: 512')
    parser.add_argument('--rounds', type=positive_number, default=3, help='rounds that count; default: 3')
    parser.add_argument('--device', default=get_device(), help='default: a GPU where there is one, else cpu')
    parser.add_argument('--out', type=Path, metavar='STEM', help='write STEM.json and STEM.md')
    return parser.parse_args()


def systems_of(protocols: list[Protocol]) -> list[dict]:
    """Name, config and the paper's figures of each row whose model no row before it has."""
    systems, models = [], []
    for protocol in protocols:
        first = {cell.row: cell.config for cell in reversed(protocol.cells)}
        for row in protocol.rows:
            model = Config.fromfile(first[row]).model
            if model not in models:
                models.append(model)
                systems.append(dict(name=row, config=str(first[row]), paper=paper_figures(protocol, row)))
    return systems


def paper_figures(protocol: Protocol, row: str) -> dict[str, float | None]:
    """What the paper's table has for a row, by test set and figure; empty where it has none."""
    if protocol.paper is None:
        return {}
    return {
        f'{group} {figure}'.strip(): value
        for group in protocol.paper.groups
        for figure, value in protocol.paper.figures_of(row, group).items()
        if value is not None
    }


def markdown(systems: list[dict], machine: dict, size: int) -> str:
    """The table of those that were measured, so far, and below it why others were not."""
    # The paper's figures of the first protocol; another table's are of other data.
    figures = list(systems[0]['paper'])
    table = PrettyTable(
        [
            'system',
            'parameters (M)',
            f'GFLOPs at {size}x{size}',
            'ms',
            'peak MiB',
            *(f'paper: {one}' for one in figures),
        ]
    )
    table.set_style(TableStyle.MARKDOWN)
    failed = []
    for system in systems:
        cost = system['cost']
        if isinstance(cost, str):
            failed.append(f'- {system["name"]}: {cost}')
            cells = ['failed'] * 4
        else:
            peak = cost['peak_mib']
            cells = [f'{cost["parameters"]:.2f}', f'{cost["flops"]:.1f}', f'{cost["milliseconds"]:.0f}']
            cells.append('' if peak is None else f'{peak:.0f}')
        values = (system['paper'].get(one) for one in figures)
        table.add_row([system['name'], *cells, *('' if value is None else f'{value:.2f}' for value in values)])
    lines = [*(f'- {key}: {value}' for key, value in machine.items()), '', table.get_string()]
    return '\n'.join([*lines, '', *failed]).rstrip() + '\n'


def write(stem: Path | None, systems: list[dict], machine: dict, size: int) -> None:
    """Write both files, so that what is measured is there even if the run ends early."""
    if stem is None:
        return
    stem.parent.mkdir(parents=True, exist_ok=True)
    content = dict(machine=machine, size=size, systems=systems)
    atomic_write(stem.with_name(f'{stem.name}.json'), json.dumps(content, indent=1) + '\n')
    atomic_write(stem.with_name(f'{stem.name}.md'), markdown(systems, machine, size))


def main() -> None:
    """Measure one system after the other, write after each, print the table."""
    args = parse_args()
    try:
        systems = systems_of([load_protocol(path) for path in args.protocols])
    except (ProtocolError, FileNotFoundError) as error:
        raise CommandError(str(error)) from error
    machine = describe_machine(args.device)
    for i, system in enumerate(systems, start=1):
        cost = cost_of(system['config'], args.size, args.device, args.rounds)
        system['cost'] = cost if isinstance(cost, str) else asdict(cost)
        print(f'[{i}/{len(systems)}] {system["name"]}: {system["cost"]}', flush=True)
        write(args.out, systems[:i], machine, args.size)
    print(markdown(systems, machine, args.size))


if __name__ == '__main__':
    run_command('compare_systems', main)

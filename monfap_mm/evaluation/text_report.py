"""Figures as tables to read in a log."""

from prettytable import PrettyTable

from .functional.faces import SIZES
from .result_table import PIXEL_FIGURES


def paper_report(figures: dict[str, float], num_real: int, num_fake: int, num_without_mask: int = 0) -> str:
    """The paper's figures in one row, as text, and of how many fake images there are pixels to judge by."""
    table = PrettyTable(['real', 'fake', *figures])
    table.add_row([num_real, num_fake, *(f'{value:.2f}' for value in figures.values())])
    text = table.get_string()
    if num_without_mask:
        text += (
            f'\n{num_without_mask} of the {num_fake} fake images have no mask: figures of pixels are of the other '
            f'{num_fake - num_without_mask}'
        )
    return text


def detailed_report(figures: dict[str, float]) -> str:
    """Tables of images, pixels and faces, as text.

    Args:
        figures: Those of ``all_figures``.
    """
    return '\n'.join(table.get_string() for table in (_images(figures), _pixels(figures), _faces(figures)))


def _images(figures: dict[str, float]) -> PrettyTable:
    skipped = ('real-count', 'fake-count', 'best-ACC-threshold')
    names = [key.removeprefix('image/') for key in figures if key.startswith('image/') and not key.endswith(skipped)]
    table = PrettyTable(['images', *names])
    cells = {name: f'{figures[f"image/{name}"]:.2f}' for name in names}
    cells['best-ACC'] += f' at {figures["image/best-ACC-threshold"]:.3f}'
    table.add_row(['', *cells.values()])
    return table


def _pixels(figures: dict[str, float]) -> PrettyTable:
    table = PrettyTable(['pixels', 'averaged', *PIXEL_FIGURES, 'FPR', 'left out'])
    for population in ('manipulated', 'all'):
        prefix = f'pixel/{population}/micro'
        cells = {name: f'{figures[f"{prefix}/{name}"]:.2f}' for name in PIXEL_FIGURES}
        for name in ('AUC', 'AP'):
            cells[name] += f' ±{figures[f"{prefix}/{name}-bin-bound"]:.2g}'
        cells['best-F1'] += f' at {figures[f"{prefix}/best-F1-threshold"]:.3f}'
        table.add_row([population, 'micro', *cells.values(), '', ''])
        prefix = f'pixel/{population}/per_image'
        means = [f'{figures[f"{prefix}/{name}"]:.2f}' for name in PIXEL_FIGURES]
        left_out = sorted({int(figures[f'{prefix}/{name}-undefined']) for name in PIXEL_FIGURES})
        table.add_row([population, 'per image', *means, '', ' to '.join(map(str, (left_out[0], *left_out[1:][-1:])))])
    for average, name in (('micro', 'micro'), ('per_image', 'per image')):
        rate = f'{figures[f"pixel/authentic/{average}/FPR"]:.2f}'
        left_out = int(figures['pixel/authentic/per_image/FPR-undefined']) if average == 'per_image' else ''
        table.add_row(['authentic', name, *[''] * len(PIXEL_FIGURES), rate, left_out])
    return table


def _faces(figures: dict[str, float]) -> PrettyTable:
    table = PrettyTable(['manipulated faces', 'number', 'found (recall at IoU 0.5)'])
    for size in (*SIZES, 'all'):
        table.add_row([size, int(figures[f'face/{size}/count']), f'{figures[f"face/{size}/recall"]:.2f}'])
    return table

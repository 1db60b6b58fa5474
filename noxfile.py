"""The versions that the package works with, one session a row: ``nox -l`` lists them, docs/versions.md has the results.

``nox -s full-py312`` makes an environment from the package index, which for a row with PyTorch takes gigabytes.
"""

import nox

nox.options.default_venv_backend = 'venv'

# Rows of the full distribution: Python, and what is not left to pip.
FULL = {
    'full-py310': ('3.10', 'torch==2.7.1', 'torchvision==0.22.1', 'numpy==1.26.4'),
    'full-py312': ('3.12', 'torch==2.12.1', 'torchvision==0.27.1'),
    'full-py313': ('3.13', 'torch==2.14.1', 'torchvision==0.29.1'),
}
# Rows of the light one.
LITE = {
    'lite-py310-numpy1': ('3.10', 'numpy==1.26.4'),
    'lite-py310': ('3.10',),
    'lite-py311': ('3.11',),
    'lite-py312': ('3.12',),
    'lite-py313': ('3.13',),
    'lite-py314': ('3.14',),
}
# The forks in which others carry OpenMMLab on, in the place of the originals.
FORKS = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation', 'onedl-mmpretrain')
EXTRAS = 'data,heif,jpeg,onnx,perturb,timm'
QUICK = [
    'tests/test_compat.py',
    'tests/test_models/test_reference.py',
    'tests/test_models/test_layers',
    'tests/test_models/test_losses',
    'tests/test_models/test_decode_heads',
    'tests/test_models/test_segmentors',
    'tests/test_datasets/test_forgery_dataset.py',
    'tests/test_datasets/test_transforms',
    'tests/test_apis/test_inferencer.py',
    'tests/test_apis/test_onnx_version_1.py',
]
# Tests that need no PyTorch, without the conftest.py that does.
WITHOUT_TORCH = [f'tests/test_structures/test_{name}.py' for name in ('region', 'rle', 'stretch', 'connected_regions')]
WITHOUT_TORCH += [f'tests/test_media/test_{name}.py' for name in ('masks', 'orientation', 'png', 'jpeg', 'headers')]
WITHOUT_TORCH += [f'tests/test_jobs/test_{name}.py' for name in ('line_log', 'manifest', 'shards', 'workers')]


def full(session: nox.Session, *pins: str) -> None:
    """Install the full distribution, and run a quick selection of the tests."""
    session.install(*pins, f'.[{EXTRAS}]', 'pytest')
    session.run('pytest', '-q', *QUICK, *session.posargs, env=dict(OMP_NUM_THREADS='1'))


def lite(session: nox.Session, *pins: str) -> None:
    """Install the light distribution; answer from a file with known answers, and run the tests that need no PyTorch."""
    session.install(*pins, '.', 'pytest', env=dict(MONFAP_LITE='1'))
    session.run('monfap', 'info')
    session.run('python', '.ci/lite_answers.py', 'tests/data')
    session.run('pytest', '-q', '--noconftest', *WITHOUT_TORCH, *session.posargs)


for make, rows in ((full, FULL), (lite, LITE)):
    for name, (python, *pins) in rows.items():

        def row(session: nox.Session, make=make, pins=tuple(pins)) -> None:
            make(session, *pins)

        nox.session(row, python=python, name=name)


@nox.session(name='forks-py313', python='3.13')
def forks(session: nox.Session) -> None:
    """The full distribution, in which the forks then take the places of OpenMMLab's packages."""
    _, *pins = FULL['full-py313']
    session.install(*pins, f'.[{EXTRAS}]', 'pytest')
    session.run('pip', 'uninstall', '-y', 'mmcv-lite', *(name.removeprefix('onedl-') for name in FORKS))
    session.install(*pins, *FORKS)
    session.run('pytest', '-q', *QUICK, *session.posargs, env=dict(OMP_NUM_THREADS='1'))

"""Packaging. Beside the Python code, a wheel carries configs and tools in ``monfap_mm/.mim``, where ``mim`` looks.

``MONFAP_LITE=1 pip install .`` makes another distribution, monfap_mm-lite: the same files, but required is only what
answers from ONNX files without PyTorch. Like mmcv and mmcv-lite both write one folder: install one of them.

The lint settings live in ruff.toml: a pyproject.toml would change how pip builds the package.
"""

import os
import re
import shutil
import sysconfig
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.develop import develop

ROOT = Path(__file__).resolve().parent
FOR_MIM = ('configs', 'tools', 'model-index.yml')
IS_LITE = os.environ.get('MONFAP_LITE', '') not in ('', '0')
NOT_LITE_EXTRAS = ('data', 'jpeg', 'onnx', 'perturb', 'timm')


def read_version() -> str:
    """The version, without importing the package and its dependencies."""
    namespace = {}
    exec((ROOT / 'monfap_mm' / 'version.py').read_text(), namespace)
    return namespace['__version__']


def long_description() -> str:
    """The README without pictures and targets of relative links: an index would look for them on its own host."""
    text = (ROOT / 'README.md').read_text()
    text = re.sub(r'!\[[^]]*\]\((?!https:)[^)]*\)\n*', '', text)
    return re.sub(r'\[([^]]*)\]\((?!https:)[^)]*\)', r'\1', text)


def mmcv_requirement() -> str:
    """mmcv-lite, which needs no compiler, unless the full mmcv is installed.

    Both write the folder ``mmcv``, so pip must never add the one to the other.
    """
    site_packages = [sysconfig.get_path('purelib'), sysconfig.get_path('platlib')]
    names = {distribution.metadata['Name'] for distribution in distributions(path=site_packages)}
    return f'{"mmcv" if "mmcv" in names else "mmcv-lite"}>=2.1.0,<2.2.0'


def fill_mim(package: Path, link: bool = False) -> None:
    """Copy what ``mim`` needs to ``.mim`` in the package folder, or link it for an editable installation."""
    target = package / '.mim'
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source in (ROOT / name for name in FOR_MIM):
        if not source.exists():
            continue
        if link:
            (target / source.name).symlink_to(os.path.relpath(source, target))
        elif source.is_dir():
            shutil.copytree(source, target / source.name, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            shutil.copy2(source, target)


def offered(extras: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those of the extras that make sense for the distribution that is built."""
    return {name: needed for name, needed in extras.items() if not (IS_LITE and name in NOT_LITE_EXTRAS)}


class BuildPy(build_py):
    """Builds the package with its ``.mim``."""

    def run(self) -> None:
        super().run()
        if getattr(self, 'editable_mode', False):
            fill_mim(ROOT / 'monfap_mm', link=True)
        else:
            fill_mim(Path(self.build_lib) / 'monfap_mm')


class Develop(develop):
    """Editable installation by older versions of pip, which build nothing."""

    def run(self) -> None:
        fill_mim(ROOT / 'monfap_mm', link=True)
        super().run()


# Whatever an earlier build left in build/ would be packed too.
BUILD_FOLDER = TemporaryDirectory()
# Ranges; requirements.txt has the set that is tested, with what each is for, and docs/versions.md what else was tried.
# Where no other reason stands, the upper bound is the next major version: by the package's own rules, the one that may
# break its users.
LITE_REQUIRES = [
    'numpy<3',
    'opencv-python-headless>=4.10,<5',  # 5 drops the face cascades
    'scipy>=1.14,<2',
    'matplotlib>=3.9,<4',
    'pillow>=11.3',
    'simplejpeg>=1.8,<2',
    'pyyaml>=6',
    'rich>=13',
    'prettytable>=3',
    'onnxruntime>=1.20,<2',
]

setup(
    name='monfap_mm-lite' if IS_LITE else 'monfap_mm',
    version=read_version(),
    description='MoNFAP on MMSegmentation: multi-face manipulation detection and localization',
    long_description=long_description(),
    long_description_content_type='text/markdown',
    license_expression='Apache-2.0',
    license_files=['LICENSE', 'NOTICE'],
    author='The monfap_mm maintainers',
    keywords='image forensics, deepfake detection, manipulation localization, mixture of experts',
    packages=find_packages(include=['monfap_mm', 'monfap_mm.*']),
    py_modules=['monfap_command'],
    options=dict(build=dict(build_base=BUILD_FOLDER.name)),
    package_data={'monfap_mm.web': ['static/*'], 'monfap_mm.model_files': ['starter.onnx']},
    cmdclass=dict(build_py=BuildPy, develop=Develop),
    python_requires='>=3.10',
    entry_points={'console_scripts': ['monfap = monfap_command:main']},
    install_requires=LITE_REQUIRES
    if IS_LITE
    else [
        'torch>=2.7,<2.15',  # the newest that was tried; minor versions have broken checkpoints and the export
        'torchvision>=0.22,<0.30',  # the partner of that torch
        'mmengine>=0.10.7,<0.11',  # compat.py replaces functions of 0.10
        mmcv_requirement(),  # mmsegmentation 1.2 refuses mmcv 2.2
        'mmsegmentation>=1.2.2,<1.3',  # private parts of these two are subclassed: heads, segmentors, backbones
        'mmpretrain>=1.2.0,<1.3',
        'numpy<3',
        'opencv-python>=4.10,<5',  # 5 drops the face cascades
        'scikit-learn>=1.7,<2',
        'scipy>=1.14,<2',
        'matplotlib>=3.9,<4',
        'pyyaml>=6',
        'rich>=13',
        'prettytable>=3',
        'ftfy',
        'regex',
        'pillow>=11.3',
        'simplejpeg>=1.8,<2',
        'onnxruntime>=1.20,<2',  # the starter model's runtime
        'setuptools<81',  # later ones lack pkg_resources, by which mmengine 0.10 asks what is installed
    ],
    extras_require=offered(
        {
            # Masks in COCO's format: the converters of OpenForensics and OFV2.
            'data': ['pycocotools>=2.0.8,<3'],
            # Export to ONNX files.
            'onnx': ['onnx>=1.18,<2', 'onnxscript>=0.5.4,<1'],
            # Photographs of phones in HEIC and HEIF; its wheels bring x265, which is under the GPL.
            'heif': ['pillow-heif>=1,<2'],
            # The coefficients of JPEG files, which CAT-Net reads.
            'jpeg': ['jpeglib>=1.0.2,<2'],
            # Videos: answers for them, annotated ones, converters; its wheels bring x264, which is under the GPL.
            'video': ['av>=16,<19'],
            # The second OpenCV writes the same folder as the first: keep both at one version.
            'perturb': ['albumentations>=2.0.8,<2.1', 'opencv-python-headless>=4.10,<5'],
            # Backbones of mmsegmentation's TIMMBackbone.
            'timm': ['timm>=1.0,<2'],
            # The shell completes what `monfap` takes.
            'completion': ['argcomplete>=3.5,<4'],
            # The page of `monfap serve`.
            'web': ['starlette>=1.0,<2', 'uvicorn>=0.30,<1'],
        }
    ),
    classifiers=[
        'Development Status :: 4 - Beta',
        'Environment :: Console',
        'Intended Audience :: Science/Research',
        'Operating System :: OS Independent',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        'Topic :: Scientific/Engineering :: Image Recognition',
    ],
    zip_safe=False,
)

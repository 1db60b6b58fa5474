"""The models that the package knows by name."""

from difflib import get_close_matches
from pathlib import Path

import yaml

CONFIG_ENDINGS = ('.py', '.yml', '.yaml', '.json')
PACKAGE = Path(__file__).resolve().parents[1]


def list_models() -> dict[str, dict]:
    """The models of ``model-index.yml``.

    Returns:
        For each name its entry, in which ``Config`` is the path of the config file, and ``Weights``, a path or address,
        may be missing. The light distribution has none.
    """
    # As installed, or as cloned.
    roots = [folder for folder in (PACKAGE / '.mim', PACKAGE.parent) if (folder / 'model-index.yml').is_file()]
    models = {}
    for root in roots[:1]:
        for metafile in _load(root / 'model-index.yml')['Import']:
            for entry in _load(root / metafile)['Models']:
                models[entry['Name']] = entry | dict(Config=str(root / entry['Config']))
    return models


def _load(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def find_model(name: str) -> tuple[str, str | None]:
    """The config that a name means.

    Args:
        name: Path of a config file, or a name of :func:`list_models`.

    Returns:
        Path of the config file, and the weights that the package knows for it, if any.

    Raises:
        FileNotFoundError: If it is neither; names similar ones.
        ValueError: If it is a file, but no config.
    """
    if Path(name).is_file():
        if Path(name).suffix not in CONFIG_ENDINGS:
            raise ValueError(
                f'{name} is no config ({", ".join(CONFIG_ENDINGS)}); a checkpoint is given as weights, beside the '
                'config of its model: --model CONFIG --weights CHECKPOINT'
            )
        return name, None
    models = list_models()
    if name in models:
        return models[name]['Config'], models[name].get('Weights')
    similar = get_close_matches(name, models, n=3, cutoff=0.5)
    hint = f'did you mean {" or ".join(similar)}?' if similar else '"monfap info" lists the models.'
    raise FileNotFoundError(f'there is no config file {name}, and no model of that name: {hint}')

from pathlib import Path

import pytest

from monfap_mm.apis import find_model, list_models
from tests.test_configs import CONFIGS

NAME = 'monfap-c_8xb32-40e_ofv2-512x512'


def test_a_name_means_a_config():
    config, weights = find_model(NAME)
    assert Path(config).resolve() == CONFIGS / 'monfap' / f'{NAME}.py'
    assert weights is None


def test_all_listed_configs_are_there():
    models = list_models()
    assert NAME in models
    assert all(Path(entry['Config']).is_file() for entry in models.values())


def test_a_file_means_itself():
    path = str(CONFIGS / 'demo' / 'monfap-c_demo.py')
    assert find_model(path) == (path, None)


def test_a_typing_error_is_answered_with_similar_names():
    with pytest.raises(FileNotFoundError, match=f'did you mean .*{NAME}'):
        find_model('monfap-c_8xb32_ofv2-512x512')
    with pytest.raises(FileNotFoundError, match='monfap info'):
        find_model('???')

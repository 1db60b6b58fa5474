"""The model and the pictures of the inferencer's tests, and the arguments that name them."""

import pytest

from tests.test_apis.conftest import config, data, weights

__all__ = ['config', 'data', 'weights']


@pytest.fixture
def arguments(config, weights, tmp_path):
    return ['--model', config, '--weights', weights, '--device', 'cpu', '--out', str(tmp_path / 'out')]

"""The tiny model of the inferencer's tests."""

from tests.test_apis.conftest import config, data, weights

__all__ = ['config', 'data', 'weights']

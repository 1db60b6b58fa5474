import json
import math

import numpy as np

from monfap_mm.evaluation.plain_json import without_nan


def test_without_nan():
    values = {
        'a': math.nan,
        'b': [1, (2.5, math.inf, [np.float64('nan')])],
        'c': {'d': -math.inf, 'e': 'NaN'},
        'f': None,
    }
    plain = without_nan(values)
    assert plain == {'a': None, 'b': [1, [2.5, None, [None]]], 'c': {'d': None, 'e': 'NaN'}, 'f': None}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert math.isnan(values['a'])  # the values themselves are left alone

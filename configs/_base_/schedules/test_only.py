# For configs without training data.
test_cfg = dict(type='TestLoop')

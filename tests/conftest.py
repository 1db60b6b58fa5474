"""What a Runner does before any model is built."""

from mmengine.registry import init_default_scope

import monfap_mm  # noqa: F401  (registers the package, and its stand-in for mmcv's operators)

init_default_scope('mmseg')

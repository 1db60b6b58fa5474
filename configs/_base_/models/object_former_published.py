# The network of the published weights, quirks included.
_base_ = './object_former.py'
model = dict(backbone=dict(as_published=True), decode_head=dict(as_published=True))

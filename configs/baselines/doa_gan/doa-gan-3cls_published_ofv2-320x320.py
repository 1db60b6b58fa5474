# The generator of the published weights for USC-ISI: target, source and background. Both copies count as fake.
_base_ = './doa-gan_published_ofv2-320x320.py'
model = dict(decode_head=dict(num_classes=3), source_is_fake=True)

# The authors' recipe with their distance map: features of real pixels near a center, those of fake pixels away from it.
_base_ = './hifi-net_1xb10-24e_ofv2-256x256.py'
model = dict(decode_head=dict(distance_map=True))
custom_hooks = [dict(type='HiFiCenterHook')]

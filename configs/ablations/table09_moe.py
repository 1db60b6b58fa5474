# Table IX, 'MoE': no shared expert (which equals table08_se-0; see docs/model.md).
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(neck=dict(fusion='moe'))

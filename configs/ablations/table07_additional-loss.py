# Table VII, 'additional loss': the most fake pixel of the mask, trained with the image loss.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'
model = dict(decode_head=dict(task_mode='additional_loss'))

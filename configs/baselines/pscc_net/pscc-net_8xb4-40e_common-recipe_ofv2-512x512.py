# MoNFAP's data and schedule, for comparisons at an equal budget. The network works at full resolution: 4 images a GPU,
# and 8 batches to a step, which makes the paper's 256 images.
_base_ = [
    '../../_base_/models/pscc_net.py',
    '../../_base_/datasets/ofv2_512x512.py',
    '../../_base_/schedules/schedule_adamw_40e.py',
    '../../_base_/default_runtime.py',
]
model = dict(data_preprocessor=dict(size=(512, 512)))
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(accumulative_counts=8)

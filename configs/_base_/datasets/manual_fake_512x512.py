# Manual-Fake is for testing only. All six networks, or some of them: osn='facebook'
# (untrans, facebook, tiktok, wechat, whatsapp, youtube).
_base_ = './forgery_512x512.py'
train_dataloader = None
val_dataloader = None
val_evaluator = None
test_dataloader = dict(dataset=dict(type='ManualFakeDataset', data_root='data/manual_fake', osn='all'))

# The network of the published weights, quirks included. A face swap has the path of FaceShifter.
_base_ = './hifi_net.py'
model = dict(
    decode_head=dict(
        num_classes=(3, 5, 7, 14),
        parents=((0, 1, 1, 2, 2), (0, 1, 1, 2, 2, 3, 4), (0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4)),
        fake_path=(1, 2, 2, 4),
        coarse_on_fakes_only=True,
        train_partial_convs=False,
    )
)

import torch

from monfap_mm.deployment import benchmark as module
from monfap_mm.deployment.benchmark import benchmark


def test_medians_of_both_in_turns(monkeypatch):
    calls, clock = [], [0.0]
    monkeypatch.setattr(module.time, 'perf_counter', lambda: clock[0])

    def takes(name, seconds):
        def step(images, size):
            calls.append((name, tuple(images.shape), tuple(int(side) for side in size)))
            # The first two rounds, and then one, are slow.
            clock[0] += 100 if len(calls) <= 6 else seconds
            return {}

        return step

    times = benchmark(takes('eager', 0.06), takes('exported', 0.02), (2, 32, 64), rounds=5)
    assert calls == [('eager', (2, 32, 64, 3), (32, 64)), ('exported', (2, 32, 64, 3), (32, 64))] * 7
    assert {key: round(value, 6) for key, value in times.items()} == dict(eager=60, exported=20, ratio=3)


def test_no_gradients_are_kept():
    def form(images, size):
        assert not torch.is_grad_enabled()
        return {}

    benchmark(form, lambda images, size: {}, (1, 8, 8), rounds=1)

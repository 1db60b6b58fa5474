from types import SimpleNamespace

from tools.analysis_tools.loading_speed import measure, table

from .conftest import ROOT, tool


class Slow:
    def __init__(self, seen):
        self.seen = seen

    def __call__(self, results):
        self.seen.append(results)
        return results


class Last(Slow):
    pass


class Dataset:
    def __init__(self):
        self.seen = []
        self.pipeline = SimpleNamespace(transforms=[Slow([]), Last(self.seen)])

    def __len__(self):
        return 2

    def get_data_info(self, index):
        return index


def test_every_transform_sees_every_sample_in_turn():
    dataset = Dataset()
    seconds = measure(dataset, 5)
    assert list(seconds) == ['Slow', 'Last']
    assert dataset.seen == [0, 1, 0, 1, 0]


def test_table_adds_up():
    text = table(dict(Load=3.0, Pack=1.0), 200)
    assert '50.0 images per second on one core' in text
    assert '15.00 |   75%' in text
    assert '100: 2.0, 200: 4.0, 400: 8.0' in text


def test_tool_measures_the_training_pipeline(tmp_path):
    counts = ('--train', 2, '--val', 2, '--test', 2, '--size', 96)
    tool('dataset_converters/make_demo_data.py', tmp_path / 'demo', *counts, cwd=tmp_path)
    root = f'train_dataloader.dataset.data_root={tmp_path / "demo"}'
    config = ROOT / 'configs' / 'demo' / 'monfap-c_demo.py'
    done = tool('analysis_tools/loading_speed.py', config, '--images', 3, '--cfg-options', root, cwd=tmp_path)
    for name in ('LoadForgeryImage', 'PackForgeryInputs', 'images per second on one core'):
        assert name in done.stdout

import os

from monfap_mm.curation.check_manifest import Origin, read_origins
from monfap_mm.jobs.job import Entry, Outcome, Task, run_job


def make(task, dst):
    return Outcome([Entry(f'{task.key}.png', 0, 'train', info=task.args)])


def test_origins_of_a_converters_manifest(tmp_path):
    tasks = [Task('a', {'sources': ['x', 'y'], 'faces': 3}), Task('b', {})]
    run_job(tasks, make, tmp_path, settings={}, workers=1)
    a, b = (os.path.join(tmp_path, name) for name in ('a.png', 'b.png'))
    assert read_origins(tmp_path) == {a: Origin(('x', 'y'), 3), b: Origin()}


def test_without_a_manifest_or_with_another_ones(tmp_path):
    assert read_origins(tmp_path) is None
    for content in ('{"image": "a.png", "label": 0}', 'no JSON', '{"entries": [{"image": 1}]}', '[]'):
        (tmp_path / 'manifest.jsonl').write_text(content + '\n')
        assert read_origins(tmp_path) is None

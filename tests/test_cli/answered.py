"""What ``monfap predict`` left in its folder."""

import json


def answers(folder) -> dict[str, dict]:
    """The lines of ``predictions.jsonl`` by path, each path once."""
    lines = [json.loads(line) for line in (folder / 'predictions.jsonl').read_text().splitlines()]
    assert len({line['path'] for line in lines}) == len(lines)
    return {line['path']: line for line in lines}

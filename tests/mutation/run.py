"""How many small mistakes do the tests see? A seeded sample of mutants, each run against the tests of its module.

mutmut's operators make the mutants: a number one higher, ``<`` for ``<=``, ``and`` for ``or``, an argument left out or
None, a condition held true, and so on. Its runner is not used: it needs all tests for each module's first run, knows no
samples, and puts the mutants of a file side by side behind switches in one process, which commands, workers and
TorchScript do not see. Here a mutant is a file in a copy of the project, so that whatever a test starts runs it too. A
process that has imported PyTorch and mmseg, but nothing of this package, forks for each mutant, which saves the seconds
of those imports.

    python tests/mutation/run.py --per-room 60

rooms.yml has the rooms, the tests of modules without a mirror, and the reasons of survivors. The same command goes on
after a kill; with ``--again`` it runs the survivors again, after tests were written for them.
"""

import argparse
import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import libcst
import yaml
from mutmut.mutation.file_mutation import Mutation, MutationVisitor
from mutmut.mutation.mutators import mutation_operators, operator_string
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = yaml.safe_load(Path(__file__).with_name('rooms.yml').read_text())
MEMORY_LIMIT = 10 * 2**30  # bytes, of a process of the tests
# The wording of a message is no mistake.
OPERATORS = [(kind, operator) for kind, operator in mutation_operators if operator is not operator_string]
# A mutant may take this many times as long as the tests without it, and this many seconds more.
SLOWER, SECONDS_MORE = 3, 30


@dataclass(frozen=True)
class Mutant:
    """A mistake in one place.

    Attributes:
        room: The room of rooms.yml that it is in.
        path: The file.
        line: Number of the first line that it changes.
        was: That line without it.
        now: That line with it.
        key: Hash of path, seed, and the piece of code; other changes of the file leave it as it is.
    """

    room: str
    path: str
    line: int
    was: str
    now: str
    key: str


def places_of(path: str, seed: int) -> Iterator[tuple[str, str, libcst.Module, list[Mutation]]]:
    """The pieces of code of a file that have mutants: a key, the path, the module, the mutants.

    The key is a hash of the code, so that a change of the file leaves those of other pieces as they are.
    """
    visitor = MutationVisitor(OPERATORS, IgnoredCode(set(), set(), set()))
    module = libcst.metadata.MetadataWrapper(libcst.parse_module((ROOT / path).read_text())).visit(visitor)
    places = {}
    for mutation in visitor.mutations:
        places.setdefault(id(mutation.original_node), []).append(mutation)
    equals = Counter()
    for place in places.values():
        code = module.code_for_node(place[0].original_node)
        equals[code] += 1
        yield hashlib.sha256(f'{seed} {path} {equals[code]} {code}'.encode()).hexdigest()[:12], path, module, place


def sample(room: str, paths: list[str], number: int, seed: int) -> Iterator[tuple[Mutant, str]]:
    """Mutants of a room with the text of their files: a piece of code first, then one of its mutants."""
    places = sorted((place for path in paths for place in places_of(path, seed)), key=lambda place: place[0])
    for key, path, module, mutations in places[:number]:
        mutation = mutations[int(key, 16) % len(mutations)]
        text = module.deep_replace(mutation.original_node, mutation.mutated_node).code
        pairs = enumerate(zip(module.code.splitlines(), text.splitlines()), start=1)
        line, was, now = next((number, old, new) for number, (old, new) in pairs if old != new)
        yield Mutant(room, path, line, was.strip(), now.strip(), key), text


def tests_of(path: str) -> list[str]:
    """The tests of a module: its mirror, and those that rooms.yml names."""
    parts = Path(path).with_suffix('').parts[1:]
    mirror = Path('tests', *(f'test_{part}' for part in parts)).with_suffix('.py')
    named = [test for prefix, tests in SETTINGS['tests'].items() if path.startswith(prefix) for test in tests]
    tests = [*([str(mirror)] if (ROOT / mirror).is_file() else []), *named]
    return list(dict.fromkeys(tests))


def copy_project(tree: Path) -> None:
    """Copy what git tracks."""
    shutil.rmtree(tree, ignore_errors=True)
    names = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.rstrip('\0').split('\0'):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)


def import_libraries() -> None:
    """Import what takes long, so that forks have it; nothing of this package but what lets mmseg be imported."""
    spec = importlib.util.spec_from_file_location('compat_for_forks', ROOT / 'monfap_mm' / 'compat.py')
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    for name in SETTINGS['libraries']:
        importlib.import_module(name)


def run_tests(tree: Path, tests: list[str], timeout: float) -> tuple[str, float]:
    """Run tests in a fork that knows the copy only.

    Returns:
        'passed', 'failed' or 'timeout', and the seconds that it took.
    """
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_LIMIT, MEMORY_LIMIT))
        log = os.open(tree.parent / 'tests.log', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(tree)
        sys.path[0] = os.environ['PYTHONPATH'] = str(tree)
        sys.dont_write_bytecode = True
        os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
        import pytest

        options = ['-x', '-q', '-p', 'no:cacheprovider', '--basetemp', str(tree.parent / 'tmp')]
        os._exit(int(pytest.main([*options, *tests])))
    ended, status = 0, 0
    while not ended and time.monotonic() - start < timeout:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # and whatever the tests have left running
    if not ended:
        os.waitpid(child, 0)
    outcome = 'timeout' if not ended else 'passed' if status == 0 else 'failed'
    return outcome, time.monotonic() - start


def measure(mutants: list[tuple[Mutant, str]], folder: Path, again: bool) -> dict[str, dict]:
    """Run the mutants that have no result yet; each result is appended to ``results.jsonl`` at once."""
    log, tree = folder / 'results.jsonl', folder / 'tree'
    done = {}
    if log.is_file():
        done = {result['key']: result for result in map(json.loads, log.read_text().splitlines())}
    copy_project(tree)
    import_libraries()
    usual = {}  # seconds of a test file without a mutant; None if it fails
    for number, (mutant, text) in enumerate(mutants, start=1):
        if mutant.key in done and not (again and done[mutant.key]['outcome'] == 'passed'):
            continue
        tests = tests_of(mutant.path)
        for test in tests:
            if test not in usual:
                outcome, usual[test] = run_tests(tree, [test], 900)
                if outcome != 'passed':
                    print(f'{test} fails without any mutant, and is left out', flush=True)
                    usual[test] = None
        tests = [test for test in tests if usual[test] is not None]
        if not tests:
            continue
        file = tree / mutant.path
        original = file.read_text()
        file.write_text(text)
        limit = SLOWER * sum(usual[test] for test in tests) + SECONDS_MORE
        outcome, seconds = run_tests(tree, tests, limit)
        file.write_text(original)
        result = asdict(mutant) | dict(outcome=outcome, seconds=round(seconds, 1))
        done[mutant.key] = result
        with log.open('a') as lines:
            lines.write(json.dumps(result) + '\n')
        print(f'{number}/{len(mutants)} {outcome} {seconds:.0f} s {mutant.path}:{mutant.line} {mutant.now}', flush=True)
    return done


def report(results: list[dict]) -> str:
    """Table of the rooms and list of the survivors, as Markdown."""
    lines = ['| room | mutants | killed | survived | killed |', '|---|--:|--:|--:|--:|']
    groups = {room: [result for result in results if result['room'] == room] for room in SETTINGS['rooms']}
    for room, found in (groups | {'all': results}).items():
        survived = sum(result['outcome'] == 'passed' for result in found)
        share = 100 * (1 - survived / max(1, len(found)))
        lines.append(f'| {room} | {len(found)} | {len(found) - survived} | {survived} | {share:.1f} % |')
    lines += ['', '| survivor | was | with the mistake | why it survives |', '|---|---|---|---|']
    for result in results:
        if result['outcome'] == 'passed':
            was, now = (f'`{result[key]}`'.replace('|', '\\|') for key in ('was', 'now'))
            reason = SETTINGS['reasons'].get(result['key'], f'{result["key"]}: not explained')
            lines.append(f'| {result["path"]}:{result["line"]} | {was} | {now} | {reason} |')
    return '\n'.join(lines) + '\n'


def main() -> None:
    """Draw, run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--per-room', type=int, default=60, metavar='N', help='mutants of each room')
    parser.add_argument('--seed', type=int, default=0, help='seed of the sample')
    parser.add_argument('--again', action='store_true', help='run survivors again')
    parser.add_argument('--work-dir', type=Path, default=ROOT / 'work_dirs' / 'mutation', help='results, log and copy')
    args = parser.parse_args()
    os.chdir(ROOT)
    args.work_dir.mkdir(parents=True, exist_ok=True)
    rooms = []
    for room, folders in SETTINGS['rooms'].items():
        paths = sorted(str(path) for folder in folders for path in Path(folder).rglob('*.py'))
        rooms.append(list(sample(room, paths, args.per_room, args.seed)))
    # In turns, so that a run that is cut short has seen as much of each room.
    turns = [room[turn] for turn in range(args.per_room) for room in rooms if turn < len(room)]
    untested = sorted({mutant.path for mutant, _ in turns if not tests_of(mutant.path)})
    if untested:
        parser.error(f'no tests mirror {", ".join(untested)}: name some in rooms.yml')
    done = measure(turns, args.work_dir.resolve(), args.again)
    text = report([done[mutant.key] for room in rooms for mutant, _ in room if mutant.key in done])
    (args.work_dir / 'report.md').write_text(text)
    print(text)


if __name__ == '__main__':
    main()

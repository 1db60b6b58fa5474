"""``monfap predict``: answers for pictures and videos, written as they come."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import groupby
from pathlib import Path

from ..apis import ForgeryInferencer, predict_video
from ..jobs.errors import JobError
from ..jobs.folder_lock import only_writer
from ..jobs.progress import ProgressReport
from ..media.endings import is_video
from ..structures import SCHEMA_VERSION, ForgeryResult, VideoResult
from ..utils.atomic_write import remove_leftovers
from ..utils.known import known
from ..utils.printable import printable
from ..version import __version__
from .answer_files import FOLDERS as PICTURE_FOLDERS
from .answer_files import write_answer_files
from .exit_codes import DONE, FAILED, NOT_STARTED, NOT_WRITTEN
from .inputs import PIPE, Inputs
from .model_arguments import ModelError, load_inferencer
from .predictions_file import PredictionsError, PredictionsFile, to_line
from .shard_files import forget_finished, refuse_whole_run, write_finished
from .summary import to_text
from .summary_files import write_summary_files
from .video_files import FOLDER as VIDEO_FOLDER
from .video_files import predict_video_into, write_video_files


def run(args: argparse.Namespace) -> int:
    """Predict.

    Returns:
        The exit code.
    """
    if args.batch_size < 1 or args.workers < 0:
        return _stop('--batch-size must be at least 1, and --workers at least 0', NOT_STARTED)
    if args.every < 1 or (args.fps is not None and not 0 < args.fps < float('inf')):
        return _stop('--every must be at least 1, and --fps above 0', NOT_STARTED)
    if not args.out:  # a variable of the shell that is not set
        return _stop('--out is empty: name a folder, or . for this one', NOT_STARTED)
    for option in ('resume', 'evidence', 'shard'):
        if getattr(args, option) and args.out == PIPE:
            return _stop(f'--{option} needs a folder: --out DIR', NOT_STARTED)
    if args.out != PIPE and (around := _folder_around(args.out, args.paths)):
        return _stop(f'--out {args.out} lies in {around}: its masks would be taken for pictures', NOT_STARTED)
    try:
        inferencer = load_inferencer(args)
    except ModelError as error:
        return _stop(str(error), NOT_STARTED)
    try:
        return _to_pipe(args, inferencer) if args.out == PIPE else _to_folder(args, inferencer)
    except (PredictionsError, JobError) as error:
        return _stop(str(error), NOT_STARTED)
    except BrokenPipeError:
        raise  # main's matter
    except OSError as error:
        return _stop(f'cannot write the answers: {error}', NOT_WRITTEN)


def _to_folder(args: argparse.Namespace, inferencer: ForgeryInferencer) -> int:
    out, settings = Path(args.out), _settings(args, inferencer)
    folder = args.shard.folder(out) if args.shard else out
    if args.shard:
        refuse_whole_run(out)
    with ExitStack() as stack:
        try:
            predictions = stack.enter_context(_opened(folder, settings, args))
        except OSError as error:
            return _stop(f'cannot write to {error.filename or folder}: {error.strerror or error}', NOT_STARTED)
        if args.shard:
            forget_finished(folder)
        inputs = Inputs(args.paths, out, predictions.done, args.shard)
        paths, progress = _with_progress(args.paths, inputs)
        with progress:
            for result in _answers(args, inferencer, paths, folder, progress):
                files = _write_files(folder, result, args.evidence, inferencer.threshold)
                predictions.append(result.to_json() | dict(files=files, source=inputs.take_state(known(result.path))))
                if isinstance(progress, ProgressReport):
                    progress.step(bad=result.error is not None)
        predictions.finish()
        about = dict(model=args.model, checkpoint=inferencer.backend.weights)
        rows = write_summary_files(folder, about, settings)
        if args.shard:
            write_finished(folder, args.shard, inputs, about)
    print(to_text(rows))
    if inputs.left_out.endings:
        print(printable(inputs.left_out.describe()))
    if inputs.own:
        print(f'left out: {inputs.own} files that were written as answers to {printable(str(folder))}')
    if inputs.changed:
        print(f'answered again: {inputs.changed} files that changed since')
    return _exit_code(args, len(rows), sum(row['error'] is not None for row in rows))


@contextmanager
def _opened(folder: Path, settings: dict, args: argparse.Namespace) -> Iterator[PredictionsFile]:
    """The folder made ready, and the file in it; no other run writes there meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder), PredictionsFile(folder, settings, args.resume) as predictions:
        for name in ('.', *PICTURE_FOLDERS, VIDEO_FOLDER):
            if name != 'evidence' or args.evidence:
                (folder / name).mkdir(exist_ok=True)
            remove_leftovers(folder / name)
        yield predictions


def _to_pipe(args: argparse.Namespace, inferencer: ForgeryInferencer) -> int:
    count = errors = 0
    for result in _answers(args, inferencer, Inputs(args.paths)):
        sys.stdout.write(to_line(result.to_json()))
        sys.stdout.flush()
        count += 1
        errors += result.error is not None
    return _exit_code(args, count, errors)


def _answers(
    args: argparse.Namespace,
    inferencer: ForgeryInferencer,
    inputs: Iterable[str],
    folder: Path | None = None,
    progress: ProgressReport | nullcontext | None = None,
) -> Iterator[ForgeryResult | VideoResult]:
    """The answers, in the order of the inputs: pictures in batches, videos one after the other."""
    options = dict(every=args.every, fps=args.fps, batch_size=args.batch_size, workers=args.workers)
    report = progress.within if isinstance(progress, ProgressReport) else None
    for are_videos, paths in groupby(inputs, is_video):
        if not are_videos:
            yield from inferencer.stream(paths, args.batch_size, args.workers, keep_image=folder is not None)
        elif folder is None:
            yield from (predict_video(inferencer, path, **options) for path in paths)
        else:
            yield from (predict_video_into(folder, inferencer, path, report, **options) for path in paths)


def _write_files(
    folder: Path, result: ForgeryResult | VideoResult, evidence: str | None, threshold: float
) -> dict[str, str]:
    if isinstance(result, VideoResult):
        return write_video_files(folder, result, threshold)
    return write_answer_files(folder, result, evidence)


def _settings(args: argparse.Namespace, inferencer: ForgeryInferencer) -> dict:
    """What the answers depend on."""
    return dict(
        monfap_mm=__version__,
        schema_version=SCHEMA_VERSION,
        **inferencer.backend.provenance,
        mode=args.mode,
        threshold=args.threshold,
        # None where every frame is predicted, as in folders from before there were videos.
        frames=f'{args.fps:g} per second' if args.fps else f'every {args.every}' if args.every > 1 else None,
    )


def _with_progress(paths: list[str], inputs: Inputs) -> tuple[Iterable[str], ProgressReport | nullcontext]:
    """The files that are left, and a report of the progress where their number is known."""
    if PIPE in paths:
        return inputs, nullcontext()
    left = list(inputs)
    return left, ProgressReport(inputs.total - len(left), inputs.total, 'files')


def _folder_around(out: str, paths: list[str]) -> str | None:
    """The input folder that the output would be written into, if any."""
    out = Path(os.path.realpath(out))  # which takes links that form a circle, too
    return next((path for path in paths if path != PIPE and out.is_relative_to(os.path.realpath(path))), None)


def _exit_code(args: argparse.Namespace, count: int, errors: int) -> int:
    return FAILED if errors and (args.fail_on_error or errors == count) else DONE


def _stop(message: str, code: int) -> int:
    print(f'monfap predict: {message}', file=sys.stderr)
    return code

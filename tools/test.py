"""Test a checkpoint: ``python tools/test.py CONFIG CHECKPOINT``."""

from contextlib import nullcontext
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from monfap_mm.cli.command import CommandError, run_command
from monfap_mm.engine.launch import (
    base_parser,
    config_from_arguments,
    is_first_process,
    join_cpu_processes,
    require_checkpoint,
)
from monfap_mm.evaluation.results_file import ENDING, PICKLES
from monfap_mm.jobs.folder_lock import only_writer


def parse_args():
    """Read the command line; returns the parser too, for later errors."""
    parser = base_parser('Test a model; prints the figures and writes them to <work dir>/<time>/<time>.json')
    parser.add_argument('checkpoint', help='checkpoint file or address')
    parser.add_argument(
        '--out',
        metavar='DIR|FILE.jsonl',
        help='folder to write the predicted masks to; or a file for the score and the counts of each image, from which '
        'tools/analysis_tools/eval_metric.py computes any figure without the model',
    )
    parser.add_argument('--show', action='store_true', help='show each prediction in a window')
    parser.add_argument('--show-dir', help='folder to write one picture per sample to')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds for which --show shows a picture')
    parser.add_argument('--tta', action='store_true', help='test-time augmentation (tta_model, tta_pipeline)')
    parser.add_argument('--training-form', action='store_true', help='test the model as it was trained, nothing folded')
    return parser, parser.parse_args()


def draw_predictions(cfg: Config, args) -> None:
    """Switch the visualization hook on."""
    cfg.merge_from_dict(
        {
            'default_hooks.visualization': dict(
                type='ForgeryVisualizationHook',
                draw=True,
                show=args.show,
                wait_time=args.wait_time,
                out_dir=args.show_dir,
            )
        }
    )


def use_tta(parser, cfg: Config) -> None:
    """Wrap the model, and augment its input."""
    missing = [key for key in ('tta_model', 'tta_pipeline') if key not in cfg]
    if missing:
        parser.error(f'--tta needs {" and ".join(missing)} in the config')
    cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
    cfg.model = {**cfg.tta_model, 'module': cfg.model}


def keep_predictions(parser, cfg: Config, path: str) -> None:
    """Let the metric write a results file, or add an evaluator that writes the masks to a folder."""
    if path.endswith(('.json', *PICKLES)):
        parser.error(f'--out takes a file that ends with {ENDING}, or a folder, got {path}')
    evaluators = cfg.test_evaluator if isinstance(cfg.test_evaluator, (list, tuple)) else [cfg.test_evaluator]
    if not path.endswith(ENDING):
        cfg.test_evaluator = [*evaluators, dict(type='MaskWriter', output_dir=path)]
        return
    metrics = [evaluator for evaluator in evaluators if evaluator.type == 'ForgeryMetric']
    if metrics:
        metrics[0].out_file = path
    else:
        cfg.test_evaluator = [*evaluators, dict(type='ForgeryMetric', out_file=path)]


def locked(path: str | None, launcher: str):
    """Keep other tests from writing to the same file or folder, as a context."""
    if path is None or not is_first_process(launcher):
        return nullcontext()
    folder = Path(path).parent if path.endswith(ENDING) else Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f'cannot write to {folder}: {error.strerror}') from error
    return only_writer(path)


def main():
    """Build the runner and test."""
    parser, args = parse_args()
    cfg = config_from_arguments(parser, args)
    if args.out:
        keep_predictions(parser, cfg, args.out)
    require_checkpoint(parser, args.checkpoint)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    hooks = ['StrictCheckpointHook'] if args.training_form else ['StrictCheckpointHook', 'InferenceFormHook']
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), *(dict(type=hook) for hook in hooks)]
    if args.show or args.show_dir:
        draw_predictions(cfg, args)
    if args.tta:
        use_tta(parser, cfg)
    with locked(args.out, args.launcher):
        join_cpu_processes(cfg)
        Runner.from_cfg(cfg).test()


if __name__ == '__main__':
    run_command('test', main)

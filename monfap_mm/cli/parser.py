"""What ``monfap`` takes. Nothing heavy is imported here, so help and completion come at once."""

import argparse
from pathlib import Path

from ..distribution import BACKENDS
from ..media.limits import MAX_PIXELS_OF_ANSWERS
from ..model_files.starter import STARTER
from ..utils.windows import MODES
from ..version import __version__
from .arguments import shard

HOST, PORT = '127.0.0.1', 8000
MAX_MIB, MAX_WAITING = 32, 8
EXAMPLES = """
examples
  monfap info                           versions, devices, known models
  monfap predict photos --out answers   open answers/report.html
  monfap serve                          drop pictures into a web page
"""
PREDICT_EPILOG = """
DIR gets
  predictions.jsonl   one JSON object per file, written as it comes: score, label, regions and mask of a picture,
                      frames and suspect stretches of a video, error
  masks/              8-bit PNG at the size of the picture, 255 where it is fake
  overlays/           the picture with its fake pixels tinted
  evidence/           with --evidence: input, regions, heat maps and gate on one page
  videos/             the video with its fake pixels tinted (MP4), the scores of its frames (CSV) and their plot (PNG)
  report.html         all answers with thumbnails, to sort and to print; written at the end
  summary.csv         one row per file, written at the end
  run.json            the settings
  shards/             with --shard: all of this for each part, until monfap merge joins them

A file that cannot be read or predicted has a line with "error"; the others go on.

exit codes
  0  every file has a line
  1  no file could be answered; with --fail-on-error: at least one could not
  2  nothing was started: wrong arguments, model, checkpoint or folder, or another run is at work in DIR
  3  stopped, since the output could not be written; --resume goes on
  130  stopped by Ctrl-C; --resume goes on

examples
  monfap predict photos --out answers
  monfap predict interview.mp4 --fps 5 --out answers
  monfap predict 'photos/**/*.jpg' big.tif --model CONFIG --weights CHECKPOINT --mode slide --out answers
  find . -name '*.jpg' | monfap predict - --out - | jq .score
"""
MERGE_EPILOG = """
The shards stay where they are, with their masks and overlays; DIR gets predictions.jsonl, sorted by path, summary.csv,
report.html and run.json, as a run without shards writes them. Merging again, after a shard has gone on, replaces them.

exit codes
  0  every shard is there, finished, and made with the same model and settings; every PATH has an answer
  1  a file of PATH has no answer
  2  a shard is missing, unfinished or at work, or they do not belong together

example
  monfap predict archive --shard 1/2 --out answers
  monfap predict archive --shard 2/2 --out answers
  monfap merge answers archive
"""
SERVE_EPILOG = """
The page shows score, regions and an overlay for each picture. Pictures stay in memory, and nothing is loaded from
elsewhere. One picture at a time is predicted.

The page has no password. Without --host only this machine reaches it; with another address, everyone who reaches that
address can use it.

exit codes
  0  stopped by Ctrl-C; 130 if the model was still loading
  2  nothing was started: wrong arguments, model or checkpoint, an address in use, the extra "web" missing

examples
  monfap serve
  monfap serve --model CONFIG --weights CHECKPOINT --mode slide --device cuda:1 --port 8080
"""
TOOL_EPILOG = """
The exit code is that of the tool; 2 if there is none of that name.

examples
  monfap tool train CONFIG --work-dir DIR
  monfap tool browse_dataset CONFIG --output-dir DIR --not-show
  monfap tool print_config CONFIG
"""


def make_parser() -> argparse.ArgumentParser:
    """The parser of all verbs; what it returns has the verb's name as ``verb``."""
    parser = argparse.ArgumentParser(
        prog='monfap',
        description='Which photograph is fake, and which face in it? Each verb has its own --help.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--version', action='version', version=__version__)
    verbs = parser.add_subparsers(required=True, dest='verb', metavar='VERB')
    for add in (_add_predict, _add_merge, _add_serve, _add_tool, _add_info):
        add(verbs)
    return parser


def _add_verb(verbs, name: str, **texts: str) -> argparse.ArgumentParser:
    """A parser whose epilog keeps its lines."""
    return verbs.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)


def _add_predict(verbs) -> None:
    parser = _add_verb(
        verbs,
        'predict',
        help='tell which pictures and videos are fake, and where',
        description='Tell which pictures and videos are fake, and where.',
        epilog=PREDICT_EPILOG,
    )
    parser.add_argument(
        'paths',
        nargs='+',
        metavar='PATH',
        help='picture, video, folder (with its subfolders) or glob; - reads paths by line',
    )
    _add_model_arguments(parser)
    parser.add_argument('--out', required=True, metavar='DIR', help='folder to write to; - writes JSON lines to stdout')
    parser.add_argument(
        '--evidence',
        choices=('suspect', 'all'),
        help='draw evidence pages: suspect, for pictures that are fake or have a fake region; or all',
    )
    parser.add_argument(
        '--resume', action='store_true', help='skip what DIR has an answer for, unless it changed since'
    )
    parser.add_argument(
        '--shard',
        type=shard,
        metavar='I/N',
        help='answer part I of N into DIR/shards, for monfap merge DIR; auto: as Slurm, torchrun or MPI says',
    )
    parser.add_argument('--batch-size', type=int, default=8, help='pictures that are predicted together; default 8')
    parser.add_argument('--workers', type=int, default=2, help='threads that read pictures; default 2')
    frames = parser.add_mutually_exclusive_group()
    frames.add_argument(
        '--every', type=int, default=1, metavar='N', help='predict every Nth frame of a video; default 1'
    )
    frames.add_argument('--fps', type=float, metavar='F', help='predict F frames of each second of a video')
    parser.add_argument('--fail-on-error', action='store_true', help='end with code 1 if a file has no answer')


def _add_merge(verbs) -> None:
    parser = _add_verb(
        verbs,
        'merge',
        help='put the answers of predict --shard together',
        description='Put the answers of predict --shard together.',
        epilog=MERGE_EPILOG,
    )
    parser.add_argument('folder', metavar='DIR', type=Path, help='--out of the shards')
    parser.add_argument('paths', nargs='*', metavar='PATH', help='what was to be answered: names what is missing')


def _add_serve(verbs) -> None:
    parser = _add_verb(
        verbs,
        'serve',
        help='answer in a web page (extra "web")',
        description='Answer in a web page for the pictures that are dropped into it.',
        epilog=SERVE_EPILOG,
    )
    _add_model_arguments(parser)
    parser.add_argument('--host', default=HOST, help=f'address to listen at; default {HOST}, for this machine only')
    parser.add_argument(
        '--allow-host',
        action='append',
        default=[],
        metavar='NAME[:PORT]',
        help='name under which browsers reach the page through a proxy, on any port or on that one; may be repeated',
    )
    parser.add_argument('--port', type=int, default=PORT, help=f'port; 0 takes a free one; default {PORT}')
    parser.add_argument(
        '--max-bytes', type=int, default=MAX_MIB * 2**20, help=f'larger files are refused; default {MAX_MIB} MiB'
    )
    parser.add_argument(
        '--max-waiting',
        type=int,
        default=MAX_WAITING,
        help=f'pictures that wait for the model, further ones are told to come back; default {MAX_WAITING}',
    )


def _add_tool(verbs) -> None:
    parser = _add_verb(
        verbs,
        'tool',
        help='run a tool for data, training, testing, analysis, export, or one of mmseg',
        description='Run a tool by its name; without a name, list all.',
        epilog=TOOL_EPILOG,
    )
    parser.add_argument('name', nargs='?', metavar='NAME', help='such as train, or analysis_tools/benchmark')
    parser.add_argument('arguments', nargs=argparse.REMAINDER, metavar='ARGS', help="the tool's own, --help too")


def _add_info(verbs) -> None:
    text = 'print versions, devices and the models that are known by name'
    verbs.add_parser('info', help=text, description=text.capitalize())


def _add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that name a model."""
    parser.add_argument(
        '--model',
        default=STARTER,
        help='config, .onnx file, or a name that "monfap info" lists; default: %(default)s, of the package',
    )
    parser.add_argument('--weights', help='checkpoint; may be left out where "monfap info" knows one')
    parser.add_argument('--backend', choices=BACKENDS, help='default: onnx for an .onnx file, else torch')
    parser.add_argument('--mode', choices=MODES, help='in one piece, or in windows at full resolution; default: config')
    parser.add_argument(
        '--threshold', type=float, default=0.5, help='P(fake) above which a picture is fake; default 0.5'
    )
    parser.add_argument('--device', help='cpu, cuda, cuda:1...; default: a GPU if there is one')
    parser.add_argument(
        '--max-pixels', type=int, default=MAX_PIXELS_OF_ANSWERS, help='larger pictures get an error; default 89 million'
    )

import pytest

from monfap_mm.cli import main, tool
from monfap_mm.cli.command import CommandError
from monfap_mm.cli.tool import choose, find_tools


@pytest.fixture(scope='module')
def tools():
    return find_tools()


def test_all_that_lie_in_the_folders_are_known(tools):
    assert {'train', 'test', 'analysis_tools/get_flops', 'dataset_converters/check', 'deployment/export'} <= set(tools)
    assert {'mmseg/misc/print_config', 'mmseg/misc/publish_model', 'mmseg/train'} <= set(tools)
    assert all(path.is_file() for path in tools.values())


@pytest.mark.parametrize(
    ('name', 'chosen'),
    [
        ('train', 'train'),  # not mmseg's
        ('get_flops', 'analysis_tools/get_flops'),
        ('mmseg/analysis_tools/get_flops', 'mmseg/analysis_tools/get_flops'),
        ('benchmark', 'benchmark'),  # not the one in a folder
        ('analysis_tools/benchmark', 'analysis_tools/benchmark'),
        ('print_config', 'mmseg/misc/print_config'),
        ('browse_dataset', 'mmseg/analysis_tools/browse_dataset'),  # of two, the one that draws to a folder
        ('misc/browse_dataset', 'mmseg/misc/browse_dataset'),
    ],
)
def test_the_last_part_of_a_name_is_enough(name, chosen, tools):
    assert choose(tools, name) == tools[chosen]


@pytest.mark.parametrize('name', ['rain', '', 'train.py', '../tools/train'])
def test_what_is_no_name_is_refused(name, tools):
    with pytest.raises(CommandError, match=f'^there is no tool {name}'):
        choose(tools, name)


def test_a_typing_error_gets_a_hint(capsys):
    assert main(['tool', 'get_flop']) == 2
    assert capsys.readouterr().err == (
        'monfap: there is no tool get_flop; did you mean get_flops; "monfap tool" lists all\n'
    )


def test_the_list_says_what_each_does(tools, capsys):
    assert main(['tool']) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(tools)
    (flops,) = (line for line in lines if line.startswith('  analysis_tools/get_flops '))
    assert flops.endswith("  Parameters and FLOPs of a config's model, whole and by part.")


def test_a_missing_module_is_named(tmp_path, monkeypatch, capsys):
    (tmp_path / 'needy.py').write_text('import no_such_module')
    monkeypatch.setattr(tool, 'find_tools', lambda: {'needy': tmp_path / 'needy.py'})
    monkeypatch.setattr('sys.argv', ['monfap'])
    monkeypatch.setattr('sys.path', ['.'])
    assert main(['tool', 'needy']) == 2
    assert capsys.readouterr().err == 'monfap: needy needs the module no_such_module, which is not installed\n'


def test_the_light_distribution_has_none(monkeypatch, capsys):
    monkeypatch.setattr(tool, 'IS_FULL', False)
    assert main(['tool', 'train']) == 2
    assert 'tools need PyTorch and the full package' in capsys.readouterr().err

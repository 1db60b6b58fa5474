import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from monfap_mm.models.layers.mone import EXPERTS
from monfap_mm.visualization.gate_bars import EXPERT_COLORS, EXPERT_NAMES, draw_gates, expert_colors

GATES = dict(cd=(0.1, 0.2, 0.25, 1), bayar=(0.2, 0.3, 0.25, 0), srm=(0.3, 0.45, 0.25, 0), hf=(0.4, 0.05, 0.25, 0))


def drawn(gates):
    axes = Figure().subplots()
    draw_gates(axes, gates)
    return axes


def test_bars_are_as_long_as_the_gates_and_follow_each_other():
    bars = [list(container.patches) for container in drawn(GATES).containers]
    np.testing.assert_allclose([[bar.get_width() for bar in level] for level in bars], list(GATES.values()))
    starts = np.cumsum([[0] * 4, *list(GATES.values())[:-1]], axis=0)
    np.testing.assert_allclose([[bar.get_x() for bar in level] for level in bars], starts)


def test_the_finest_level_is_on_top_and_names_are_written_out():
    axes = drawn(GATES)
    bottom, top = axes.get_ylim()
    assert (bottom, top) == (3.5, -0.5)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ['level 1\n(finest)', 'level 2', 'level 3', 'level 4\n(coarsest)']
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ['central difference', 'Bayar', 'SRM', 'high-pass']


def test_numbers_are_left_out_where_they_have_no_room():
    texts = [text.get_text() for text in drawn(GATES).texts]
    assert texts == ['0.10', '0.20', '0.25', '1.00', '0.20', '0.30', '0.25', '', '0.30', '0.45', '0.25', '', '0.40',
                     '', '0.25', '']  # fmt: skip


def test_other_numbers_of_experts_and_levels():
    axes = drawn(dict(srm=(0.5,), mine=(0.5,)))
    assert [label.get_text() for label in axes.get_yticklabels()] == ['level 1']
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['SRM', 'mine']


def test_extractors_of_others_have_colors_of_their_own():
    colors = expert_colors(['mine', 'srm', 'yours'])
    assert colors == dict(mine='#999999', srm='#56B4E9', yours='#009E73')
    bars = drawn(dict(mine=(0.25,), srm=(0.5,), yours=(0.25,))).containers
    assert [to_hex(bar.patches[0].get_facecolor()).upper() for bar in bars] == list(colors.values())


def test_every_shipped_extractor_has_a_name_and_a_color_that_differs_in_gray():
    assert {'cd', 'bayar', 'srm', 'hf'} == set(EXPERT_NAMES) == set(EXPERT_COLORS) <= set(EXPERTS)
    luma = [np.dot(to_rgb(EXPERT_COLORS[expert]), (0.299, 0.587, 0.114)) for expert in EXPERT_COLORS]
    assert np.diff(luma).min() > 0.1

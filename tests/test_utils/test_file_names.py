from monfap_mm.utils.file_names import FileNames


def test_stems_are_kept_until_they_clash():
    name = FileNames()
    assert [name('a/x.png', 0), name('a/y.png', 1), name('b/x.png', 5), name('a/x.png', 0)] == ['x', 'y', 'x_5', 'x']


def test_a_file_system_that_ignores_case_keeps_names_apart():
    name = FileNames()
    assert [name('a/X.png', 0), name('a/x.png', 1), name('a/STRASSE.png', 2), name('a/stra\xdfe.png', 3)] == [
        'X',
        'x_1',
        'STRASSE',
        'stra\xdfe_3',
    ]


def test_numbered():
    name = FileNames(numbered=True)
    assert [name('a/x.png', 0), name('a/y.png', 1), name('a/x.png', 0)] == ['x_0', 'y_1', 'x_0']


def test_a_stem_that_looks_like_a_name_already_given():
    name = FileNames()
    assert [name('a/x.png', 0), name('b/x.png', 5), name('a/x_5.png', 6)] == ['x', 'x_5', 'x_5_6']

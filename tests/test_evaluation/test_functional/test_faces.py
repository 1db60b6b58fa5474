import numpy as np
import pytest

from monfap_mm.evaluation.functional.faces import count_faces, face_ious, label_faces


def mask(*boxes, size=(512, 512)):
    """A mask with boxes x1, y1, x2, y2, the ends not included."""
    array = np.zeros(size, bool)
    for x1, y1, x2, y2 in boxes:
        array[y1:y2, x1:x2] = True
    return array


def test_sizes_and_iou():
    small, medium, large = (0, 0, 31, 31), (100, 0, 140, 40), (0, 200, 96, 296)
    target = mask(small, medium, large)
    assert count_faces(target, target) == ((1, 1), (1, 1), (1, 1))
    assert count_faces(mask(), target) == ((0, 1), (0, 1), (0, 1))
    # Exactly half of the medium face, and one column less.
    assert count_faces(mask((100, 0, 120, 40)), target)[1] == (1, 1)
    assert count_faces(mask((100, 0, 119, 40)), target)[1] == (0, 1)
    # Size is relative to the image.
    assert count_faces(mask(size=(64, 64)), mask((0, 0, 12, 12), size=(64, 64))) == ((0, 0), (0, 0), (0, 1))
    assert count_faces(mask(small), mask()) == ((0, 0),) * 3


@pytest.mark.parametrize(
    ('face', 'size'),
    [((0, 0, 32, 32), 1), ((0, 0, 33, 31), 0), ((0, 0, 96, 96), 2), ((0, 0, 97, 95), 1), ((0, 0, 4, 4), 0)],
)
def test_sizes_at_the_limits(face, size):
    """The limits themselves, 32 x 32 and 96 x 96, belong to the larger size."""
    counts = [(0, 0)] * 3
    counts[size] = (1, 1)
    for target in (mask(face), mask(face).T[::-1]):
        assert count_faces(target, target) == tuple(counts)


def test_touching_predictions_are_divided():
    left, right = (0, 0, 40, 40), (44, 0, 84, 40)
    target, merged = mask(left, right), mask((0, 0, 84, 40))
    areas, ious = face_ious(merged, label_faces(target))
    assert areas.tolist() == [1600, 1600]
    assert ious == pytest.approx([40 / 42, 40 / 42])
    assert count_faces(merged, target)[1] == (2, 2)


def test_blob_over_the_picture_finds_nothing():
    assert count_faces(np.ones((512, 512), bool), mask((0, 0, 40, 40), (44, 0, 84, 40)))[1] == (0, 2)


def test_false_alarm_elsewhere_costs_no_face():
    face, elsewhere = (0, 0, 40, 40), (300, 300, 500, 500)
    assert count_faces(mask(face, elsewhere), mask(face))[1] == (1, 1)
    # But what hangs together with the face counts as its prediction.
    assert count_faces(mask((0, 0, 40, 90)), mask(face))[1] == (0, 1)


def test_prediction_in_pieces_is_put_together():
    assert count_faces(mask((0, 0, 40, 18), (0, 20, 40, 40)), mask((0, 0, 40, 40)))[1] == (1, 1)


def test_specks_are_no_faces():
    target = mask((0, 0, 5, 3), (100, 100, 104, 104))
    assert count_faces(target, target)[0] == (1, 1)
    assert label_faces(target).max() == 1


def test_boxes_divide_what_touches():
    target = mask((0, 0, 80, 40))
    boxes = [[2, 2, 38, 38], [42, 2, 78, 38], [300, 300, 340, 340]]
    assert label_faces(target).max() == 1
    faces = label_faces(target, boxes)
    assert faces.max() == 2  # the third face is genuine
    assert faces[20, 39] == 1
    assert faces[20, 41] == 2
    assert not faces[~target].any()
    assert count_faces(mask((0, 0, 40, 40)), target, boxes)[1] == (1, 2)
    assert count_faces(mask((0, 0, 40, 40)), mask(), boxes) == ((0, 0),) * 3


def test_boxes_in_any_order_and_direction():
    """Three faces of one region, the boxes permuted; the same turned by 90 degrees."""
    target = mask((0, 0, 120, 40))
    boxes = np.array([[82, 2, 118, 38], [2, 2, 38, 38], [42, 2, 78, 38]])
    prediction = mask((0, 0, 40, 40), (80, 0, 120, 40))
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        faces = label_faces(target, boxes[order])
        assert [faces[20, x] for x in (100, 20, 60)] == [order.index(face) + 1 for face in range(3)]
        assert count_faces(prediction, target, boxes[order])[1] == (2, 3)
        turned = label_faces(target.T, boxes[order][:, [1, 0, 3, 2]])
        np.testing.assert_array_equal(turned, faces.T)


def test_a_pixel_outside_belongs_to_the_nearest_box():
    """By straight distance: (3, 4) off the first is nearer than 6 to the side of the second."""
    faces = label_faces(mask((0, 0, 60, 60)), [[0, 0, 20, 20], [29, 0, 50, 24]])
    assert faces[24, 23] == 1
    assert faces[24, 25] == 2


def test_a_box_with_few_fake_pixels_is_a_genuine_face():
    target = mask((0, 0, 40, 40), (100, 0, 103, 5), (200, 0, 204, 4))
    boxes = [[98, 0, 110, 10], [0, 0, 40, 40], [198, 0, 210, 10]]
    faces = label_faces(target, boxes)
    assert faces[:, 100:103].max() == 0  # 15 fake pixels
    assert (faces[20, 20], faces[2, 202]) == (1, 2)  # numbered in the order of the boxes, without gaps


def test_pixel_in_two_boxes_belongs_to_the_smaller():
    faces = label_faces(mask((0, 0, 100, 100)), [[0, 0, 100, 100], [10, 10, 40, 40]])
    assert faces[20, 20] == 2
    assert faces[60, 60] == 1


@pytest.mark.parametrize('boxes', [[[0, 0, 5]], [[5, 0, 5, 9]], [[0, 0, 5, np.nan]], [1, 2, 3, 4]])
def test_bad_boxes(boxes):
    with pytest.raises(ValueError, match='face_boxes must be rows of x1, y1, x2, y2'):
        label_faces(mask((0, 0, 9, 9)), boxes)

import cv2
import pytest


@pytest.fixture(autouse=True, scope='package')
def one_opencv_thread():
    """Pictures this small are done before OpenCV's threads have met."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)

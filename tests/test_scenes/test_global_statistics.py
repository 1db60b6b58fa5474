"""No global statistic may give the label away: a logistic regression on them stays near chance."""

import io

import cv2
import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monfap_mm.scenes import make_sample

COUNT, SIZE = 400, 128


def global_statistics(sample):
    image = cv2.imdecode(np.frombuffer(sample.jpeg, np.uint8), cv2.IMREAD_COLOR)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    # Immerkaer's operator answers to noise and hardly to structure; its mean and its median estimate the level.
    residue = np.abs(cv2.filter2D(grey, -1, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)))
    tables = Image.open(io.BytesIO(sample.jpeg)).quantization
    return [
        len(sample.jpeg),
        len(sample.jpeg) / grey.size,
        cv2.Laplacian(grey, cv2.CV_32F).var(),
        np.sqrt(np.pi / 2) * residue.mean() / 6,
        np.median(residue) / 0.6745 / 6,
        len(sample.record['boxes']),
        *image.mean(axis=(0, 1)),
        *image.std(axis=(0, 1)),
        np.mean(tables[0]),
        np.mean(tables[1]),
    ]


def test_logistic_regression_finds_nothing():
    """Chance has a standard error of 2.9 points at 400 samples, so 65 lies five of them above it."""
    samples = [make_sample(11, 'train', index, SIZE) for index in range(COUNT)]
    features = np.array([global_statistics(sample) for sample in samples])
    labels = np.array([sample.is_fake for sample in samples])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    scores = cross_val_predict(model, features, labels, cv=folds, method='predict_proba')[:, 1]
    assert roc_auc_score(labels, scores) < 0.65
    assert max(roc_auc_score(labels, sign * column) for column in features.T for sign in (1, -1)) < 0.65

"""The scikit-learn estimator: its checks, pipelines, searches, and that it says what the detector says."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lstm_anomaly import Detector
from lstm_anomaly.sklearn import LSTMAnomalyDetector

TIME = "rows are time: a row is scored by the rows before it"
FEW = "the check fits to a dozen rows, and a window with rows to validate on takes more"
NONE = "the check wants outliers among the training rows; the threshold lies above normal rows"
EXPECTED_TO_FAIL = {
    "check_methods_sample_order_invariance": TIME,
    "check_methods_subset_invariance": TIME,
    "check_classifier_data_not_an_array": FEW,
    "check_fit2d_1feature": FEW,
    "check_outliers_train": NONE,
    "check_outliers_fit_predict": NONE,
}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [LSTMAnomalyDetector(model_kind="linear")], expected_failed_checks=lambda estimator: EXPECTED_TO_FAIL
)
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def waves(count, seed):
    rng = np.random.default_rng(seed)
    wave = np.sin(np.arange(count) / 9)
    return np.column_stack([20 + wave, 5 - wave]) + rng.normal(size=(count, 2)) * 0.1


@pytest.fixture(scope="module")
def faulty():
    rows = waves(300, seed=1)
    rows[200:220, 0] += 3
    return rows


@pytest.fixture(scope="module")
def fitted():
    return LSTMAnomalyDetector(model_kind="linear").fit(waves(800, seed=0))


def test_its_scores_are_the_detectors_with_the_sign_turned(fitted, faulty):
    scores = Detector(model_kind="linear").fit(waves(800, seed=0)).score(faulty)
    judged = ~np.isnan(scores)
    assert judged.sum() > 250
    np.testing.assert_array_equal(fitted.score_samples(faulty)[judged], -scores[judged])
    np.testing.assert_array_equal(fitted.decision_function(faulty)[judged], 1 - scores[judged])


def test_a_fault_is_minus_one_and_normal_rows_are_one(fitted, faulty):
    found = fitted.predict(faulty)
    assert (found[205:220] == -1).all()
    assert (found[50:200] == 1).all()


def test_rows_that_cannot_be_judged_are_normal_or_nan_as_asked_for(fitted, faulty):
    faulty = faulty.copy()
    faulty[100:110] = np.nan
    assert fitted.score_samples(faulty)[105] == 0
    apart = LSTMAnomalyDetector(model_kind="linear", unjudged=np.nan).fit(waves(800, seed=0))
    assert np.isnan(apart.score_samples(faulty)[105])
    assert apart.predict(faulty)[105] == 1


def test_scores_and_labels_of_the_training_rows_follow_pyod(fitted):
    np.testing.assert_array_equal(fitted.labels_, fitted.decision_scores_ > fitted.threshold_)
    assert fitted.labels_.shape == (800,)


def test_it_works_in_a_pipeline(faulty):
    pipeline = make_pipeline(StandardScaler(), LSTMAnomalyDetector(model_kind="linear")).fit(
        waves(800, seed=0)
    )
    assert (pipeline.predict(faulty)[205:220] == -1).all()


def test_a_grid_search_over_rows_in_time_order_finds_a_setting():
    def share_of_normal(estimator, X, y=None):
        return float(np.mean(estimator.predict(X) == 1))

    search = GridSearchCV(
        LSTMAnomalyDetector(model_kind="linear"),
        {"window": [6, 12]},
        scoring=share_of_normal,
        cv=TimeSeriesSplit(2),
    ).fit(waves(900, seed=0))
    assert search.best_params_["window"] in (6, 12)
    assert search.best_score_ > 0.95


def test_too_few_rows_are_a_value_error_with_what_to_try():
    with pytest.raises(ValueError, match=r"too few.*Try: more rows"):
        LSTMAnomalyDetector().fit(waves(8, seed=0))

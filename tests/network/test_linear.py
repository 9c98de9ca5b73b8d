"""The linear autoencoder: principal components of windows, whatever way they are computed."""

import numpy as np
import pytest

from lstm_anomaly.network.linear import LinearAutoencoder, _kept

WINDOW = 6


def waves(sensors, count, noise=0.0, seed=0):
    """One sine seen by all sensors with its own size and sign, (F, M): windows of it have two dimensions."""
    rng = np.random.default_rng(seed)
    sizes = np.linspace(-2, 3, sensors)[:, np.newaxis]
    clean = sizes * np.sin(np.arange(count) / 4)
    return (clean + noise * rng.normal(size=(sensors, count))).astype(np.float32)


def fitted(rows):
    return LinearAutoencoder.fit(rows, np.arange(rows.shape[1] - WINDOW + 1), WINDOW)


def test_a_signal_of_low_rank_is_recovered_with_as_many_components():
    rows = waves(3, 200)
    linear = fitted(rows)
    assert linear.components.shape == (2, 3 * WINDOW)
    new = waves(3, 60)[:, 17:]
    np.testing.assert_allclose(linear.last_rows(new), new[:, WINDOW - 1 :].T, atol=1e-5)


def test_a_sensor_that_departs_from_the_others_is_not_recovered():
    linear = fitted(waves(3, 200))
    new = waves(3, 60)
    new[0, 30] += 5
    restored = linear.last_rows(new)
    assert abs(restored[30 - WINDOW + 1, 0] - new[0, 30]) > 3


def test_a_long_sum_keeps_small_terms_beside_a_large_one():
    terms, large = 2 * 256, 2.0**24  # beside which float32 has no room for 1
    linear = LinearAutoencoder(np.zeros(terms, np.float32), np.ones((1, terms), np.float32), window=2)
    rows = np.ones((256, 2), np.float32)
    rows[0, 0] = large
    assert (linear.last_rows(rows) - large >= 256).all()  # the second half of the ones is not lost


def test_components_are_orthonormal():
    components = fitted(waves(4, 300, noise=0.5)).components.astype(np.float64)
    assert len(components) > 5
    np.testing.assert_allclose(components @ components.T, np.eye(len(components)), atol=1e-6)


def test_just_as_many_components_as_keep_the_variance():
    rows = waves(4, 300, noise=0.5)
    windows = np.array([rows[:, k : k + WINDOW].T.ravel() for k in range(295)], dtype=np.float64)
    variances = np.linalg.eigvalsh(np.cov(windows.T))[::-1]
    share = np.cumsum(variances) / variances.sum()
    kept = len(fitted(rows).components)
    assert share[kept - 1] >= 0.97 > share[kept - 2]


def test_rows_equal_the_projection_of_each_window_on_its_own():
    """Windows are laid out step after step: all sensors of the first row, then of the second."""
    rows = waves(3, 40, noise=0.3)
    linear = fitted(waves(3, 200, noise=0.3))
    restored = linear.last_rows(rows)
    for k in range(40 - WINDOW + 1):
        window = rows[:, k : k + WINDOW].T.ravel()
        code = linear.components @ (window - linear.mean)
        np.testing.assert_allclose(restored[k], (linear.mean + linear.components.T @ code)[-3:], atol=1e-5)


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("sensors", [1, 5, 12])
@pytest.mark.usefixtures("tile_widths")
def test_results_are_bit_identical_however_the_rows_are_cut(sensors, size):
    rows = waves(sensors, 700, noise=0.3)  # more windows than one block holds
    linear = fitted(rows)
    rows = rows[:, :600]
    restored = linear.last_rows(rows)
    starts = range(0, 595, size) if size > 1 else range(0, 595, 17)
    for start in starts:
        part = rows[:, start : start + size + WINDOW - 1]
        np.testing.assert_array_equal(linear.last_rows(part), restored[start : start + size])


@pytest.mark.parametrize(("sensors", "noise"), [(3, 0.5), (12, 0.0)])  # more codes than sensors, and fewer
def test_last_rows_are_what_the_components_say_of_the_code(sensors, noise):
    """However the product of the two is made: at once, or one after the other."""
    linear, rows = fitted(waves(sensors, 300, noise)), waves(sensors, 60, noise, seed=1)
    assert (len(linear.components) > sensors) == (noise > 0)
    windows = np.array([rows[:, k : k + WINDOW].T.ravel() for k in range(60 - WINDOW + 1)])  # (W, T F)
    codes = (windows - linear.mean) @ linear.components.T
    expected = codes @ linear.components[:, -sensors:] + linear.mean[-sensors:]
    np.testing.assert_allclose(linear.last_rows(rows), expected, atol=1e-5)


def test_rows_that_never_move_are_restored_as_they_are():
    rows = np.full((2, 30), 3.0, dtype=np.float32)
    linear = fitted(rows)
    np.testing.assert_array_equal(linear.last_rows(rows), np.full((25, 2), 3.0))


def test_more_windows_than_are_needed_are_thinned_out(monkeypatch):
    """Windows a whole period apart look the same, so that a fit to each 25th has no variance left."""
    rows = np.tile(np.sin(2 * np.pi * np.arange(25) / 25), 8)[np.newaxis].astype(np.float32)
    monkeypatch.setattr("lstm_anomaly.network.linear.MOST_WINDOWS", 7)
    starts = np.arange(175)
    thinned = LinearAutoencoder.fit(rows, starts, WINDOW)
    np.testing.assert_allclose(thinned.mean, rows[0, :WINDOW], atol=1e-6)


@pytest.mark.parametrize(("share", "components"), [(0.971, 1), (0.969, 2)])
def test_components_keep_97_percent_of_the_variance(share, components):
    """Two sensors that do not go together; the first has this share of the variance of both."""
    rows = np.tile([[1, 1, -1, -1], [1, -1, 1, -1]], 50) * np.sqrt([[share], [1 - share]])
    found = LinearAutoencoder.fit(rows.astype(np.float32), np.arange(200), 1)
    assert len(found.components) == components


@pytest.mark.parametrize(("windows", "mean"), [(9_999, 0.5), (10_000, 0.0)])
def test_components_are_found_from_5000_windows_at_least(windows, mean):
    """Rows are 0 and 1 in turn; twice 5,000 windows are enough to take every other one."""
    rows = (np.arange(10_000) % 2)[np.newaxis].astype(np.float32)
    assert LinearAutoencoder.fit(rows, np.arange(windows), 1).mean == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize(("cells", "kept"), [(1, 300), (20_000, 300), (60_000, 100), (12_000_000, 1)])
def test_at_most_300_components_are_kept_of_6_million_cells_in_all(cells, kept):
    assert _kept(np.ones(400), cells) == kept

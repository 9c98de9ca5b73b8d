"""Which rows a training fits to, which it validates on, and which it learns the threshold on."""

import numpy as np

from lstm_anomaly.base.errors import NotEnoughDataError
from lstm_anomaly.base.types import Segments, Series
from lstm_anomaly.preparing.windows import Split, rows_in, split_chronologically, window_starts
from lstm_anomaly.training.settings import DEFAULTS, LearningSettings

VALIDATION_SHARE = 0.1
CALIBRATION_SHARE = 0.25
SHORT_SERIES = 4000  # usable rows below which no usual budget can be certified: rows rather serve the fit
SHORT_CALIBRATION_SHARE = 0.15
LONGEST_DEFAULT_WINDOW = 24  # rows
WINDOWS_A_PART = 2  # the default window is at most this fraction of the smallest part of the split


def plan(series: Series, settings: LearningSettings = DEFAULTS) -> tuple[Split, int]:
    """Which rows will serve for what, and the window. Raises NotEnoughDataError when they are too few."""
    split = _split(series)
    window = settings.window or _default_window(split)
    while not settings.window and window > 2 and not fits(split, window):
        window //= 2  # short stretches between gaps hold short windows
    require_windows(series, split, window)
    return split, window


def require_windows(series: Series, split: Split, window: int) -> None:
    """Raise NotEnoughDataError where a part of the split holds no whole window."""
    for name, segments in (
        ("fitting", split.fit),
        ("validation", split.validation),
        ("calibration", split.calibration),
    ):
        if not len(window_starts(segments, window)):
            raise NotEnoughDataError(
                f"{rows_in(series.segments)} usable rows are too few: the part for {name} has "
                f"{rows_in(segments)}, and a window is {window} rows without a gap",
                hint="more rows" + (", or a smaller --window of train" if window > 2 else ""),
            )


def joined(segments: Segments) -> Segments:
    """Segments with those that follow each other without a gap made one."""
    out: list[tuple[int, int]] = []
    for a, b in segments:
        if out and out[-1][1] == a:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return tuple(out)


def _split(series: Series) -> Split:
    if not series.segments:
        raise NotEnoughDataError(
            "no row has a reading of every sensor, so there is nothing to learn from",
            hint="--exclude the sensors that are missing, or a longer file",
        )
    is_short = rows_in(series.segments) < SHORT_SERIES
    share = SHORT_CALIBRATION_SHARE if is_short else CALIBRATION_SHARE
    return split_chronologically(series.segments, VALIDATION_SHARE, share)


def fits(split: Split, window: int) -> bool:
    """Whether every part of the split holds a whole window."""
    return all(len(window_starts(part, window)) for part in (split.fit, split.validation, split.calibration))


def _default_window(split: Split) -> int:
    smallest = min(rows_in(split.fit), rows_in(split.validation), rows_in(split.calibration))
    return int(np.clip(smallest // WINDOWS_A_PART, 2, LONGEST_DEFAULT_WINDOW))

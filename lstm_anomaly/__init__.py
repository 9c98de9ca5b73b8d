"""Learns what normal looks like from sensor readings, and says where new readings depart from it.

    from lstm_anomaly import Detector

The names below are the public Python interface; they are imported on first use, so that
`import lstm_anomaly` and `lstm-anomaly --help` stay instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from lstm_anomaly.base.version import __version__

if TYPE_CHECKING:
    from lstm_anomaly.base.errors import LstmAnomalyError
    from lstm_anomaly.output.detector import Detector

__all__ = ["Detector", "LstmAnomalyError", "__version__"]

_HOME_OF = {"Detector": "lstm_anomaly.output.detector", "LstmAnomalyError": "lstm_anomaly.base.errors"}


def __getattr__(name: str) -> object:
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

"""Why a row is anomalous: which of three sub-scores its score is, and what that is called in plain words."""

ERROR, FLAT, UNSEEN = range(3)

_MOST_TOLD = 1000.0


def sentence(reason: int, times_usual: float) -> str:
    """`3.9 times the usual error`, `reads flat` or `outside anything seen in training`."""
    if reason == FLAT:
        return "reads flat"
    if reason == UNSEEN:
        return "outside anything seen in training"
    if times_usual > _MOST_TOLD:
        return f"more than {_MOST_TOLD:.0f} times the usual error"
    return f"{times_usual:.{1 if times_usual < 100 else 0}f} times the usual error"

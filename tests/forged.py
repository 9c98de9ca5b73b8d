"""Model and state files whose numbers were changed by somebody who makes the checksum fit again."""

import copy
import io

import numpy as np

from lstm_anomaly.base.container import MODEL, write_arrays

FACTORS = (0.0, -1.0, 1e-300, 1e-30, 1e-6, 1e6, 1e30, 1e300)
NUMBERS = (0, 0.0, -1, -1.0, 1e300, -1e300, 1e-300, 10**400, -(10**400), 2**63, 2**31, 1e30, 1e18, 0.5, 3)
OTHERS = (None, True, "", "1", "1e300/week", [], {}, [1e300], "\ud800")


def packed(header, arrays, kind=MODEL):
    """The bytes of a model file, or of another kind, with a checksum that fits."""
    out = io.BytesIO()
    write_arrays(out, header, arrays, kind)
    return out.getvalue()


def forged(header, arrays, rng):
    """A header and arrays of which one to three entries are others, and what was changed."""
    header, arrays = copy.deepcopy(header), {name: array.copy() for name, array in arrays.items()}
    told = []
    for _ in range(int(rng.integers(1, 4))):
        change = _change_of_header if rng.random() < 0.4 else _change_of_array
        with np.errstate(all="ignore"):
            told.append(change(header, arrays, rng))
    return header, arrays, "; ".join(told)


def _pick(rng, some):
    return some[int(rng.integers(len(some)))]


def _change_of_header(header, arrays, rng):
    """Another value of one entry, at any depth."""
    place, path = header, []
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        keys = [key for key in keys if key not in ("arrays", "format", "sha256")]
        key = _pick(rng, keys)
        path.append(str(key))
        if not (isinstance(place[key], dict | list) and place[key]) or rng.random() < 0.1:
            break
        place = place[key]
    old = place[key]
    if isinstance(old, int | float) and abs(old) < 1e300 and rng.random() < 0.6:
        place[key] = (
            _pick(rng, NUMBERS) if rng.random() < 0.5 else type(old)(old * _pick(rng, (2, 0.5, 1e6, -1)))
        )
    else:
        place[key] = _pick(rng, (*NUMBERS, *OTHERS))
    return f"{'.'.join(path)} = {str(place[key])[:20]}"


def _change_of_array(header, arrays, rng):
    """Other numbers in one array: a single one, a row, or all."""
    name = _pick(rng, sorted(arrays))
    array = arrays[name]
    if array.size == 0 or rng.random() < 0.05:
        arrays[name] = _pick(
            rng, (array[..., :-1], array[np.newaxis], array.astype("<f8"), array.astype("<i8"))
        )
        return f"{name} in another form"
    flat = array.reshape(-1)
    where = _pick(rng, (slice(None), int(rng.integers(len(flat))), slice(0, max(1, len(flat) // 3))))
    if rng.random() < 0.6:
        factor = _pick(rng, FACTORS)
        flat[where] = (
            (flat[where] * factor).astype(array.dtype)
            if array.dtype.kind == "f"
            else int(np.clip(factor, -2e18, 2e18))
        )
    else:
        number = float(np.clip(float(np.clip(_pick(rng, NUMBERS), -(10**300), 10**300)), -1e300, 1e300))
        flat[where] = number if array.dtype.kind == "f" else int(np.clip(number, -9e18, 9e18))
    arrays[name] = flat.reshape(array.shape)
    return f"{name}[{where}] = {np.ravel(flat[where])[0]}"

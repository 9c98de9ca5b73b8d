"""What a next-symbol LSTM is taught with: whole short sequences, padded, and random chunks of long ones."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lstm_anomaly.base.types import Array, BoolArray, IntArray, Segments
from lstm_anomaly.network.fast_lstm import LstmBuffers
from lstm_anomaly.network.symbols.following_symbols import begin, follow_symbols
from lstm_anomaly.network.symbols.next_symbol import Params, next_symbol_loss_and_gradients, symbol_buffers
from lstm_anomaly.network.symbols.softmax import Codes
from lstm_anomaly.network.training.forecaster_training import ForecastConfig
from lstm_anomaly.network.training.progress import digest_of

CANDIDATES = 8  # batches' worth of sequences, of which those of like length make one: little is padded
ROUND = 8  # symbols: lengths of batches are multiples of this, so that there are few kinds
SETTLING = 0.25  # of a chunk that begins in the midst of a sequence: its first symbols do not count

Batch = tuple[Codes, Codes, NDArray[np.float32]]  # inputs, targets and weights, (T, B) each


class SymbolLesson:
    """Sequences of codes (M,), whose next symbols an LSTM is to forecast.

    sequences  half-open ranges of the codes, for fitting and for validation
    are_whole  whether the end of a sequence is to be forecast, too
    """

    def __init__(
        self,
        params: Params,
        codes: Codes,
        sequences: tuple[Segments, Segments],
        are_whole: bool,
        config: ForecastConfig,
    ) -> None:
        self.params = params
        self._codes, self._sequences, self._are_whole, self._config = codes, sequences, are_whole, config
        self._vocabulary = len(params["output.b"]) - 1
        self._lengths = np.array([b - a + are_whole for a, b in sequences[0]])  # (S,)
        counted = np.minimum(self._lengths, config.steps)
        self._chances = counted / counted.sum()
        self._buffers: dict[int, LstmBuffers] = {}

    def digest(self) -> str:
        """See `Lesson`."""
        return digest_of(self.params, self._codes, self._sequences, self._are_whole, self._config)

    def batches(self, epoch: int, rng: np.random.Generator) -> Iterator[tuple[Batch, float, float]]:
        """Sequences of like length, each drawn as often as it has symbols that count."""
        config = self._config
        for update in range((epoch - 1) * config.updates_an_epoch, epoch * config.updates_an_epoch):
            if update >= config.updates:
                return
            drawn = rng.choice(len(self._lengths), CANDIDATES * config.batch_size, p=self._chances)
            by_length = drawn[np.argsort(self._lengths[drawn], kind="stable")]
            chosen = by_length.reshape(CANDIDATES, -1)[rng.integers(CANDIDATES)]  # (B,)
            batch = self._gather(chosen, rng)
            yield batch, float(batch[2].sum()), config.rate_at(update)

    def loss_and_gradients(self, batch: Batch) -> tuple[float, Params]:
        """Mean nats a symbol, and their gradients."""
        steps, sequences = batch[0].shape
        if steps not in self._buffers:
            self._buffers[steps] = symbol_buffers(self.params, steps, sequences)
        with np.errstate(over="ignore", invalid="ignore"):  # told by the loss
            return next_symbol_loss_and_gradients(self.params, *batch, self._buffers[steps])

    def held_out_loss(self) -> float:
        """Mean nats a symbol of the sequences that are held out; NaN when there are none."""
        nats = sequence_nats(self.params, self._codes, self._sequences[1], self._are_whole)
        known = nats[np.isfinite(nats)]
        return float(known.mean()) if len(known) else float("nan")

    def close(self) -> None:
        """There is nothing to give back."""

    def _gather(self, chosen: IntArray, rng: np.random.Generator) -> Batch:
        """The sequences, or chunks of them, as inputs and targets with their weights."""
        V, steps = self._vocabulary, self._config.steps
        T = min(steps, -(-int(self._lengths[chosen].max()) // ROUND) * ROUND)
        inputs, targets = np.full((T, len(chosen)), V + 1), np.zeros((T, len(chosen)), np.int64)  # (T, B)
        weights = np.zeros((T, len(chosen)), np.float32)  # (T, B)
        for k, sequence in enumerate(chosen.tolist()):
            a, b = self._sequences[0][sequence]
            symbols = np.append(self._codes[a:b], V) if self._are_whole else self._codes[a:b]
            first = int(rng.integers(0, max(1, len(symbols) - T + 1)))
            chunk = symbols[first : first + T]
            inputs[1 : len(chunk), k] = chunk[:-1]
            if first:
                inputs[0, k] = symbols[first - 1]
            targets[: len(chunk), k] = chunk
            weights[int(SETTLING * T) if first else 0 : len(chunk), k] = 1
        return inputs, targets, weights


def sequence_nats(params: Params, codes: Codes, sequences: Segments, are_whole: bool) -> Array:
    """-log p of every symbol of sequences, and of their ends if they are whole, one after the other.

    That of a symbol never seen is infinite.
    """
    if not sequences:
        return np.zeros(0)
    ends: BoolArray = np.full(len(sequences), are_whole)
    return follow_symbols(params, begin(params), [codes[a:b] for a, b in sequences], ends)[0].nats

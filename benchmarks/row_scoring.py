"""Time the scoring of every row of a long file, stride 1, against PyTorch and ONNX Runtime.

    pip install torch==2.13.0 onnx onnxruntime   # each optional; what is missing is left out
    python benchmarks/row_scoring.py --rows 1000000 --threads 1 --pairs 3

All run the same weights over the same rows and end with the squared error of every row and sensor,
averaged over the windows that cover the row. The others get the windows in batches of 1024, as their
users build them, and their overlapping errors are added up step by step, not window by window.
`--rows` may be smaller for a quick look: time grows with rows alone, and the table names both.
"""

import argparse
import os
import statistics
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rows", type=int, default=1_000_000)
parser.add_argument("--sensors", type=int, default=8)
parser.add_argument("--window", type=int, default=60)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--threads", type=int, default=1, help="threads the others may use")
parser.add_argument("--pairs", type=int, default=3)
parser.add_argument(
    "--clock",
    choices=("wall", "cpu"),
    default="wall",
    help="cpu: processor time of all threads, for one thread on a machine that others use too",
)
options = parser.parse_args()
clock = time.perf_counter if options.clock == "wall" else time.process_time
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # has to come before NumPy

import numpy as np

from lstm_anomaly.network.autoencoder import init_autoencoder
from lstm_anomaly.network.row_scoring import row_errors

BATCH = 1024


def torch_model(params):
    """The autoencoder as a function from windows (B, T, F) to their reconstruction."""
    import torch
    from torch import nn

    torch.set_num_threads(options.threads)
    F, H = params["output.W"].shape
    encoder, decoder = nn.LSTM(F, H, batch_first=True), nn.LSTM(H, H, batch_first=True)
    output = nn.Linear(H, F)
    with torch.no_grad():
        for lstm, name in ((encoder, "encoder.0."), (decoder, "decoder.0.")):
            lstm.weight_ih_l0.copy_(torch.from_numpy(params[name + "W_x"]))
            lstm.weight_hh_l0.copy_(torch.from_numpy(params[name + "W_h"]))
            lstm.bias_ih_l0.copy_(torch.from_numpy(params[name + "b"]))
            lstm.bias_hh_l0.zero_()
        output.weight.copy_(torch.from_numpy(params["output.W"]))
        output.bias.copy_(torch.from_numpy(params["output.b"]))

    def run(windows):
        with torch.inference_mode():
            _, (h, _) = encoder(torch.from_numpy(windows))
            decoded, _ = decoder(h[-1].unsqueeze(1).expand(-1, windows.shape[1], -1))
            return output(decoded).numpy()

    return run, f"PyTorch {torch.__version__}"


def onnx_model(params):
    """The same from an ONNX graph of its LSTM operators, which have gates i, o, f, g and two biases."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    F, H = params["output.W"].shape
    T = options.window

    def constant(name, array):
        return numpy_helper.from_array(np.ascontiguousarray(array), name)

    constants, nodes = [], []
    for stack in ("encoder", "decoder"):
        for kind in ("W_x", "W_h", "b"):
            i, f, g, o = np.split(params[f"{stack}.0.{kind}"], 4)
            ours = np.concatenate([i, o, f, g])
            both = np.concatenate([ours, np.zeros_like(ours)]) if kind == "b" else ours
            constants.append(constant(f"{stack}.{kind}", both[None]))
    constants += [constant("repeats", np.array([T, 1, 1])), constant("out.W", params["output.W"].T)]
    constants += [constant("out.b", params["output.b"]), constant("axis", np.array([1]))]
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node(
            "LSTM", ["steps", "encoder.W_x", "encoder.W_h", "encoder.b"], ["", "code"], hidden_size=H
        ),
        helper.make_node("Tile", ["code", "repeats"], ["repeated"]),
        helper.make_node(
            "LSTM", ["repeated", "decoder.W_x", "decoder.W_h", "decoder.b"], ["decoded4"], hidden_size=H
        ),
        helper.make_node("Squeeze", ["decoded4", "axis"], ["decoded"]),
        helper.make_node("MatMul", ["decoded", "out.W"], ["product"]),
        helper.make_node("Add", ["product", "out.b"], ["expected"]),
        helper.make_node("Transpose", ["expected"], ["y"], perm=[1, 0, 2]),
    ]
    graph = helper.make_graph(
        nodes,
        "autoencoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", T, F])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["B", T, F])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    return lambda windows: session.run(None, {"x": windows})[0], f"ONNX Runtime {onnxruntime.__version__}"


def score_windows(run, values, T):
    """Mean squared error of each row and sensor of values (M, F) over its windows; run does the windows."""
    sums, counts = np.zeros(values.shape), np.zeros((len(values), 1))
    view = np.lib.stride_tricks.sliding_window_view(values, T, axis=0)  # (W, F, T)
    for start in range(0, len(view), BATCH):
        windows = np.ascontiguousarray(view[start : start + BATCH].transpose(0, 2, 1))  # (B, T, F)
        squares = (run(windows) - windows) ** 2
        for t in range(T):
            sums[start + t : start + t + len(windows)] += squares[:, t]
            counts[start + t : start + t + len(windows)] += 1
    return sums / counts


def timed(function):
    began = clock()
    result = function()
    return clock() - began, result


def main():
    rng = np.random.default_rng(0)
    params = init_autoencoder(rng, options.sensors, options.hidden)
    rows = rng.standard_normal((options.sensors, options.rows)).astype(np.float32)  # (F, M)
    values, T = np.ascontiguousarray(rows.T), options.window
    print(
        f"{options.rows} rows, {options.sensors} sensors, T {T}, H {options.hidden}, {os.cpu_count()} cores"
    )
    print(f"NumPy {np.__version__}, 1 thread; the others {options.threads}")
    print(f"{options.pairs} pairs, {options.clock} time")
    for build in (torch_model, onnx_model):
        try:
            run, name = build(params)
        except ImportError as error:
            print(f"left out: {error}")
            continue
        pairs = []
        for _ in range(options.pairs):
            ours, our_errors = timed(lambda: row_errors(params, rows, T).rows)
            theirs, their_errors = timed(lambda run=run: score_windows(run, values, T))
            np.testing.assert_allclose(our_errors, their_errors, rtol=1e-3, atol=1e-4)
            pairs.append((ours, theirs))
        ratios = sorted(a / b for a, b in pairs)
        our_median, their_median = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(
            f"{name}: ours {our_median:.2f} s, theirs {their_median:.2f} s, "
            f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""The same autoencoder in PyTorch and in ONNX Runtime, with the same weights where they are given."""

import numpy as np


def torch_autoencoder(F, H):
    """A fresh module: encoder LSTM, its last state repeated, decoder LSTM from the last row back, linear."""
    from torch import nn

    class Autoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTM(F, H, batch_first=True)
            self.decoder = nn.LSTM(H, H, batch_first=True)
            self.output = nn.Linear(H, F)

        def forward(self, x):
            _, (h, _) = self.encoder(x)
            decoded, _ = self.decoder(h[-1].unsqueeze(1).expand(-1, x.shape[1], -1))
            return self.output(decoded)

    return Autoencoder()


def torch_step(shape, threads):
    """One training step of PyTorch on a batch of (F, T, H, B), as a function."""
    import torch

    F, T, H, B = shape
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model, x = torch_autoencoder(F, H), torch.randn(B, T, F)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        adam.zero_grad()
        loss = ((model(x) - x) ** 2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        return loss.item()

    return step


def torch_reconstruct(params, threads, T):
    """A function from windows (B, T, F) to their reconstruction by our weights, and its name."""
    import torch

    torch.set_num_threads(threads)
    F, H = params["output.W"].shape
    model = torch_autoencoder(F, H)
    with torch.no_grad():
        for lstm, name in ((model.encoder, "encoder.0."), (model.decoder, "decoder.0.")):
            lstm.weight_ih_l0.copy_(torch.from_numpy(params[name + "W_x"]))
            lstm.weight_hh_l0.copy_(torch.from_numpy(params[name + "W_h"]))
            lstm.bias_ih_l0.copy_(torch.from_numpy(params[name + "b"]))
            lstm.bias_hh_l0.zero_()
        model.output.weight.copy_(torch.from_numpy(params["output.W"]))
        model.output.bias.copy_(torch.from_numpy(params["output.b"]))

    def run(windows):
        with torch.inference_mode():
            return model(torch.from_numpy(windows)).numpy()

    return run, "PyTorch"


def onnx_reconstruct(params, threads, T):
    """The same from an ONNX graph of its LSTM operators, which have gates i, o, f, g and two biases."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    F, H = params["output.W"].shape

    def constant(name, array):
        return numpy_helper.from_array(np.ascontiguousarray(array), name)

    constants = []
    for stack in ("encoder", "decoder"):
        for kind in ("W_x", "W_h", "b"):
            i, f, g, o = np.split(params[f"{stack}.0.{kind}"], 4)
            ours = np.concatenate([i, o, f, g])
            both = np.concatenate([ours, np.zeros_like(ours)]) if kind == "b" else ours
            constants.append(constant(f"{stack}.{kind}", both[None]))
    constants += [constant("repeats", np.array([T, 1, 1])), constant("out.W", params["output.W"].T)]
    constants += [constant("out.b", params["output.b"]), constant("axis", np.array([1]))]
    encoder = ["steps", "encoder.W_x", "encoder.W_h", "encoder.b"]
    decoder = ["repeated", "decoder.W_x", "decoder.W_h", "decoder.b"]
    nodes = [
        helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]),
        helper.make_node("LSTM", encoder, ["", "code"], hidden_size=H),
        helper.make_node("Tile", ["code", "repeats"], ["repeated"]),
        helper.make_node("LSTM", decoder, ["decoded4"], hidden_size=H),
        helper.make_node("Squeeze", ["decoded4", "axis"], ["decoded"]),
        helper.make_node("MatMul", ["decoded", "out.W"], ["product"]),
        helper.make_node("Add", ["product", "out.b"], ["expected"]),
        helper.make_node("Transpose", ["expected"], ["y"], perm=[1, 0, 2]),
    ]
    sizes = ["B", T, F]
    ends = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)] for name in ("x", "y")]
    graph = helper.make_graph(nodes, "autoencoder", *ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    return lambda windows: session.run(None, {"x": windows})[0], "ONNX Runtime"

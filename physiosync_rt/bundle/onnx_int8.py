"""Dense layers of an ONNX graph in whole numbers of eight bits, one scale for each output.

Both sides are unsigned: without VNNI a processor adds up products of signed weights in sixteen
bits, which saturate. Sums of unsigned ones are exact on every processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.bundle.onnx_graph import AnyArray, Graph, outside
from physiosync_rt.bundle.torch_engine import LEAST_WEIGHTS

if TYPE_CHECKING:
    import onnx

_LARGEST = 255


def quantize(weight: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return a weight in eight bits, with scale and zero of each output.

    Parameters
    ----------
    weight : array, shape (n_out, n_in)

    Returns
    -------
    whole : uint8 array, shape (n_in, n_out)
    scale : float32 array, shape (n_out,)
    zero : uint8 array, shape (n_out,)
        ``weight.T`` is about ``scale * (whole - zero)``.
    """
    low = np.minimum(weight.min(axis=1), 0.0)
    high = np.maximum(weight.max(axis=1), 0.0)
    scale = np.maximum((high - low) / _LARGEST, np.finfo(np.float32).tiny).astype(np.float32)
    zero = np.rint(-low / scale)
    whole = np.rint(weight / scale[:, None])
    whole += zero[:, None]
    np.clip(whole, 0, _LARGEST, out=whole)
    return np.ascontiguousarray(whole.T.astype(np.uint8)), scale, zero.astype(np.uint8)


def with_whole_weights(graph: Graph) -> Graph:
    """Replace the large dense layers of a graph by layers in whole numbers of eight bits.

    Activations are quantized as they come, with one scale for each layer and window.
    """
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    weights = dict(graph.weights)
    turned = {
        node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Transpose"
    }
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        name = _weight_of(node, turned)
        weight = graph.weights.get(name)
        if weight is None or weight.ndim != 2 or weight.size < LEAST_WEIGHTS:
            nodes.append(node)
            continue
        parts = zip(("whole", "scale", "zero"), quantize(weight), strict=True)
        weights |= {f"{name}.{part}": value for part, value in parts}
        nodes += _dense(node, name)
    del model.graph.node[:]
    # What was turned for a layer that is replaced is not needed any more.
    needed = {name for node in nodes for name in node.input}
    outputs = {each.name for each in model.graph.output}
    model.graph.node.extend(n for n in nodes if not needed.union(outputs).isdisjoint(n.output))
    needed = {name for node in model.graph.node for name in node.input}
    kept = {name: value for name, value in weights.items() if name in needed}
    del model.graph.initializer[:]
    model.graph.initializer.extend(outside(name, value) for name, value in kept.items())
    return Graph(model, kept)


def _weight_of(node: onnx.NodeProto, turned: dict[str, str]) -> str:
    """Name the weight of a dense layer; empty for other nodes."""
    if node.op_type == "MatMul":
        return turned.get(node.input[1], "")
    return node.input[1] if node.op_type == "Gemm" else ""


def _dense(node: onnx.NodeProto, name: str) -> list[onnx.NodeProto]:
    """Return the nodes of a layer in whole numbers, as ONNX Runtime fuses them into one."""
    from onnx import TensorProto
    from onnx.helper import make_node

    out = node.output[0]
    product = f"{out}.product" if node.op_type == "Gemm" else out
    made = [
        make_node(
            "DynamicQuantizeLinear",
            [node.input[0]],
            [f"{out}.{part}" for part in ("whole", "scale", "zero")],
        ),
        make_node("Mul", [f"{out}.scale", f"{name}.scale"], [f"{out}.scales"]),
        make_node(
            "MatMulInteger",
            [f"{out}.whole", f"{name}.whole", f"{out}.zero", f"{name}.zero"],
            [f"{out}.sum"],
        ),
        make_node("Cast", [f"{out}.sum"], [f"{out}.real"], to=TensorProto.FLOAT),
        make_node("Mul", [f"{out}.real", f"{out}.scales"], [product]),
    ]
    if node.op_type == "Gemm":
        made.append(make_node("Add", [product, node.input[2]], [out]))
    return made

"""A bundle for other programs: its network as ONNX files, beside the card that says the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

from physiosync_models.gated_sum import GatedSum
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.card import CARD
from physiosync_rt.bundle.onnx_graph import Whole, modalities_of, trace, window_like
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import WRITE_ERRORS, atomic_folder, reason_of
from physiosync_rt.utils.extras import require_packages


def export_onnx(bundle: Bundle, out: Path) -> list[str]:
    """Write one file for the heads of each route: windows in, probabilities of each target out.

    Parameters
    ----------
    bundle : Bundle
        Its network on the CPU.
    out : Path
        A folder that does not exist yet.

    Returns
    -------
    list of str
        Names of the files.

    Notes
    -----
    Inputs are named ``eeg`` and ``pps``, shape (1, n_chans, n_times), preprocessed and scaled as
    the card says; outputs are named by targets, shape (1, n_classes).

    Raises
    ------
    UserError
        The bundle has no network of windows, or the folder cannot be written.
    """
    model = bundle.model
    if isinstance(model, GatedSum):
        raise UserError(
            f"bundle {bundle.card.name!r} is a sum of features; only networks of windows can be "
            "exported to ONNX"
        )
    if out.exists():
        raise UserError(f"--out {out} exists already; choose a new name")
    require_packages(("onnx",), "fast", "export --onnx")
    names = []
    try:
        with atomic_folder(out) as fresh:
            for route in model.config.routes:
                modalities = modalities_of(route)
                inputs = [window_like(model, modality) for modality in modalities]
                graph = trace(
                    Whole(model, route), inputs, modalities, model.config.targets, stored=True
                )
                (fresh / f"{route}.onnx").write_bytes(graph)
                names.append(f"{route}.onnx")
            shutil.copyfile(bundle.path / CARD, fresh / CARD)
    except WRITE_ERRORS as error:
        raise UserError(
            f"--out {out} cannot be written ({reason_of(error)}); make room or choose another "
            "folder"
        ) from error
    return [*names, CARD]

"""How a training is run: device, processes, whether it goes on, and who is told of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from lightning_fabric import Fabric

from physiosync_rt.errors import UserError
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.loop.loop import StopRequest
from physiosync_training.loop.memory import keep_freed_memory
from physiosync_training.loop.progress import Progress, no_progress


@dataclass(frozen=True, slots=True)
class Runtime:
    """How a training is run, none of which changes what comes out.

    Attributes
    ----------
    fabric : Fabric
        Launched.
    resume : bool
        Go on where an earlier run stopped; otherwise a folder that holds one is refused.
    progress : callable
    stop : StopRequest
    """

    fabric: Fabric
    resume: bool = False
    progress: Progress = no_progress
    stop: StopRequest = field(default_factory=StopRequest)


def make_fabric(config: TrainConfig) -> Fabric:
    """Device, precision and processes of a training; the caller launches it.

    Raises
    ------
    UserError
        The device does not exist or takes no such precision.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    keep_freed_memory()
    strategy: object = "auto"
    if config.processes > 1:
        from lightning_fabric.strategies.ddp import DDPStrategy

        # Statistics are synchronised as they are made, so there is nothing to broadcast.
        strategy = DDPStrategy(forward_sync_buffers=False, gradient_as_bucket_view=True)
    try:
        return Fabric(
            accelerator=config.device,
            devices=config.processes,
            precision=config.precision,
            strategy=strategy,  # type: ignore[arg-type]
        )
    except Exception as error:  # Fabric raises many kinds for what a machine does not have
        detail = str(error).splitlines()[0]
        raise UserError(
            f"device {config.device!r} with {config.processes} process(es) and precision "
            f"{config.precision!r} cannot be used: {detail}"
        ) from error

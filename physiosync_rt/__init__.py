"""Real-time valence and arousal from EEG and GSR or ECG, after PhysioSync (arXiv 2504.17163).

>>> import physiosync_rt as ps
>>> ps.predict(ps.read("session.xdf"), "demo-eeg32").to_dataframe()  # doctest: +SKIP

Everything that a script needs is here by name and is loaded when it is first used. The logger
``physiosync_rt`` carries every event of a run.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from physiosync_rt.bundle.bundle import Bundle as Bundle
    from physiosync_rt.bundle.bundle import load_bundle as load_bundle
    from physiosync_rt.datatypes import Features as Features
    from physiosync_rt.datatypes import Prediction as Prediction
    from physiosync_rt.datatypes import Recording as Recording
    from physiosync_rt.errors import SourceLostError as SourceLostError
    from physiosync_rt.errors import UserError as UserError
    from physiosync_rt.live.engine import Engine as Engine
    from physiosync_rt.live.offline import predict as predict
    from physiosync_rt.live.predictions import Predictions as Predictions
    from physiosync_rt.live.stream_session import StreamSession as StreamSession
    from physiosync_rt.live.stream_session import open_stream as open_stream
    from physiosync_rt.lsl.discovery import list_streams as list_streams
    from physiosync_rt.run_report.report import report as report
    from physiosync_rt.simulation.session import simulate_person as simulate
    from physiosync_rt.sources.read import read as read

_PLACES = {
    "Bundle": "bundle.bundle:Bundle",
    "Engine": "live.engine:Engine",
    "Features": "datatypes:Features",
    "Prediction": "datatypes:Prediction",
    "Predictions": "live.predictions:Predictions",
    "Recording": "datatypes:Recording",
    "SourceLostError": "errors:SourceLostError",
    "StreamSession": "live.stream_session:StreamSession",
    "UserError": "errors:UserError",
    "list_streams": "lsl.discovery:list_streams",
    "load_bundle": "bundle.bundle:load_bundle",
    "open_stream": "live.stream_session:open_stream",
    "predict": "live.offline:predict",
    "read": "sources.read:read",
    "report": "run_report.report:report",
    "simulate": "simulation.session:simulate_person",
}
"""Where each public name is defined: module below this package, and name in it."""

__all__ = [
    "Bundle",
    "Engine",
    "Features",
    "Prediction",
    "Predictions",
    "Recording",
    "SourceLostError",
    "StreamSession",
    "UserError",
    "__version__",
    "list_streams",
    "load_bundle",
    "open_stream",
    "predict",
    "read",
    "report",
    "simulate",
]

# A program that sets logging up hears a run; one that does not stays quiet.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if not TYPE_CHECKING:  # Type checkers read the imports above and report other names.

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used."""
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = _PLACES[name].partition(":")
        found = getattr(import_module(f"{__name__}.{module}"), attribute)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        """List the public names."""
        return sorted(__all__)

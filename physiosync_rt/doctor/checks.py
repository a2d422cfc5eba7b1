"""The checks. Each looks at one thing, is bounded in time and ends in a `Finding`."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from physiosync_rt import __version__
from physiosync_rt.utils.child_process import Answer, Child, ask
from physiosync_rt.utils.display import display_available, probe_qt
from physiosync_rt.utils.resources import bundle_names, config_names

Status = Literal["ok", "note", "bad"]
"""``note`` is something to know or an extra that is not there; ``bad`` stops the live path."""

TIMEOUT_S = 30.0
"""No probe takes longer."""

_MIN_LIBLSL = 118
_MIN_GLIBC = (2, 35)
_COARSE_SLEEP_MS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, and how to fix what is wrong."""

    name: str
    status: Status
    found: str
    fix: str = ""


def check_python() -> Finding:
    """Python, operating system and this package."""
    found = f"physiosync-rt {__version__}, Python {platform.python_version()}, {platform.system()}"
    return Finding("python", "ok", found)


def check_files() -> Finding:
    """Shipped bundles and device descriptions."""
    devices = config_names("devices")
    found = f"{len(bundle_names())} bundles, {len(devices)} device descriptions"
    if not devices or not bundle_names():
        fix = "install again: pip install --force-reinstall --no-deps physiosync-rt"
        return Finding("shipped files", "bad", found, fix)
    return Finding("shipped files", "ok", found)


def check_liblsl() -> Finding:
    """The LSL library, where it lies, and whether this system can carry it."""
    answer = ask(["-c", _LIBLSL], TIMEOUT_S)
    glibc = platform.libc_ver()
    libc = f", glibc {glibc[1]}" if glibc[0] == "glibc" else ""
    if answer.error:
        fix = "pip install 'pylsl>=1.18.6'"
        if glibc[0] == "glibc" and _version(glibc[1]) < _MIN_GLIBC:
            fix = (
                "pylsl's own liblsl needs glibc 2.35: install liblsl 1.18 for this system and "
                "name it in the environment variable PYLSL_LIB"
            )
        return Finding("liblsl", "bad", answer.error + libc, fix)
    version = int(answer.values["version"])
    found = f"liblsl {version // 100}.{version % 100} at {answer.values['path']}{libc}"
    if version < _MIN_LIBLSL:
        fix = "older ones overlook streams of this computer: pip install 'pylsl>=1.18.6'"
        return Finding("liblsl", "bad", found, fix)
    return Finding("liblsl", "ok", found)


def check_loopback() -> Finding:
    """A stream from one process to another through LSL, on this computer."""
    session = f"doctor-{os.getpid()}"
    # Its own session, whatever network this process is set to.
    env = {name: value for name, value in os.environ.items() if name != "LSLAPICFG"}
    module = ["-m", "physiosync_rt.doctor.loopback"]
    with Child("the sender", [*module, "send", session], env) as sender:
        answer = ask([*module, "receive", session], TIMEOUT_S, env, beside=sender)
    return _judge_loopback(answer)


def _judge_loopback(answer: Answer) -> Finding:
    values = answer.values
    firewall = "let the firewall pass UDP 16571 to 16604 and TCP 16572 to 16604 on 127.0.0.1"
    if answer.error:
        return Finding("LSL on this computer", "bad", answer.error, firewall)
    if values["find_s"] < 0 or values["received"] == 0:
        what = "the test stream was not found" if values["find_s"] < 0 else "no sample arrived"
        return Finding("LSL on this computer", "bad", what, firewall)
    found = (
        f"{values['received']} samples received, {values['lost']:g} lost; stream found after "
        f"{values['find_s']:.1f} s, {values['latency_ms']:.1f} ms from process to process"
    )
    if values["lost"]:
        return Finding("LSL on this computer", "bad", found, "close programs that load the network")
    return Finding("LSL on this computer", "ok", found)


def check_qt() -> Finding:
    """Qt, its system libraries and its window plugin; created in another process."""
    found = probe_qt()
    if found.problem:
        status: Status = "note" if found.is_package else "bad"
        return Finding("dashboard (Qt)", status, found.problem, found.fix)
    return Finding("dashboard (Qt)", "ok", f"Qt {found.version}")


def check_display() -> Finding:
    """Whether there is a screen to show a window on."""
    if display_available():
        return Finding("display", "ok", "there is one")
    fix = "the terminal view takes its place; over ssh, `ssh -X` brings a display"
    return Finding("display", "note", "there is none", fix)


def check_brainflow() -> Finding:
    """BrainFlow, for boards without an LSL program."""
    answer = ask(["-c", _BRAINFLOW], TIMEOUT_S)
    if answer.error or "problem" in answer.values:
        found = answer.error or str(answer.values["problem"])
        fix = "only needed for --source brainflow: pip install 'physiosync-rt[devices]'"
        return Finding("BrainFlow", "note", found, fix)
    return Finding("BrainFlow", "ok", f"BrainFlow {answer.values['version']}")


def check_torch() -> Finding:
    """Torch and the device it would compute on."""
    answer = ask(["-c", _TORCH], TIMEOUT_S)
    if answer.error:
        return Finding("torch", "bad", answer.error, "pip install -c constraints.txt torch")
    return Finding("torch", "ok", f"torch {answer.values['version']} on {answer.values['device']}")


def check_engine() -> Finding:
    """What computes a network here, and why; which precisions there are."""
    answer = ask(["-c", _ENGINE], TIMEOUT_S)
    if answer.error:
        fix = "pip install --force-reinstall 'physiosync-rt[fast]', or uninstall onnxruntime"
        return Finding("network", "note", f"it cannot be computed: {answer.error}", fix)
    return _judge_engine(answer.values)


def _judge_engine(values: Mapping[str, Any]) -> Finding:
    n = values["threads"]
    threads = f"{n} threads for large ones" if n > 1 else "one thread: torch sees one core"
    half = "fp16 through torch (FBGEMM)" if values["half"] else "no fp16: torch is without FBGEMM"
    if values["cuda"]:
        found, rest = (
            "torch computes networks, on the GPU",
            f"fp16 and bf16 there, {half} on the CPU",
        )
        if refusal := values["no_graph"]:
            fix = "only needed for speed: update the GPU's driver, or torch"
            return Finding("network", "note", f"{found}, kernel by kernel: {refusal}; {rest}", fix)
        return Finding("network", "ok", f"{found}, a window as one CUDA graph; {rest}")
    if values["onnx"]:
        found = (
            f"ONNX Runtime {values['onnx']} computes networks, faster than torch on a CPU; "
            f"{threads}; {half}; int8 where a bundle allows it"
        )
        return Finding("network", "ok", found)
    found = (
        f"torch computes networks: ONNX Runtime (extra fast) is not installed; {threads}; "
        f"{half}; no int8"
    )
    return Finding(
        "network", "note", found, "only needed for speed: pip install 'physiosync-rt[fast]'"
    )


def check_clock() -> Finding:
    """Resolution of the clock, and how finely this system sleeps."""
    steps = []
    for _ in range(200):
        start = time.monotonic()
        while (now := time.monotonic()) == start:
            pass
        steps.append(now - start)
    naps = []
    for _ in range(20):
        start = time.perf_counter()
        time.sleep(0.001)
        naps.append(time.perf_counter() - start)
    nap_ms = 1e3 * statistics.median(naps)
    found = f"ticks of {1e6 * min(steps):.2g} µs; a sleep of 1 ms takes {nap_ms:.1f} ms"
    if nap_ms > _COARSE_SLEEP_MS:
        fix = "the computer is busy or saves power: latencies grow by as much"
        return Finding("clock", "note", found, fix)
    return Finding("clock", "ok", found)


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_files,
    check_liblsl,
    check_loopback,
    check_torch,
    check_engine,
    check_qt,
    check_display,
    check_brainflow,
    check_clock,
)
"""In the order in which they are shown."""


def check_all() -> list[Finding]:
    """Run every check; a check that itself fails is a finding too."""
    # The clock is timed last, alone: the others keep the computer busy.
    *parallel, clock = CHECKS
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings = list(pool.map(_guarded, parallel))
    return [*findings, _guarded(clock)]


def _guarded(check: Callable[[], Finding]) -> Finding:
    name = check.__name__.removeprefix("check_")
    try:
        return check()
    except Exception as error:  # noqa: BLE001
        cause = f"the check failed: {type(error).__name__}: {error}"
        return Finding(name, "bad", cause, "please report this with `physiosync doctor --json`")


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


_LIBLSL = """
import json, pylsl
from pylsl.lib import lib
print(json.dumps({"version": pylsl.library_version(), "path": lib._name}))
"""

_BRAINFLOW = """
import json
from physiosync_rt.errors import UserError
from physiosync_rt.brainflow.boards import load_brainflow
try:
    print(json.dumps({"version": load_brainflow().BoardShim.get_version()}))
except UserError as error:
    print(json.dumps({"problem": str(error)}))
"""

_TORCH = """
import json, torch
device = "the CPU"
if torch.cuda.is_available():
    device = torch.cuda.get_device_name(0)
elif torch.backends.mps.is_available():
    device = "Apple GPU (mps)"
print(json.dumps({"version": torch.__version__, "device": device}))
"""

_ENGINE = """
import json, torch
from physiosync_rt.bundle.engines import is_onnx_here
from physiosync_rt.bundle.torch_engine import is_half_here
onnx = ""
if is_onnx_here():
    import onnxruntime
    onnx = onnxruntime.__version__
cuda, threads = torch.cuda.is_available(), torch.get_num_threads()
no_graph = ""
if cuda:
    from physiosync_rt.bundle.cuda_graph import graph_refusal
    no_graph = graph_refusal(torch.device("cuda"))
found = {"onnx": onnx, "half": is_half_here(), "cuda": cuda, "no_graph": no_graph}
print(json.dumps(found | {"threads": threads}))
"""

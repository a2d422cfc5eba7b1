"""Detect lost samples from regular time stamps, where jitter is low enough."""

from __future__ import annotations

MEMORY_N = 1000
"""Number of stamp steps over which the share of irregular steps is measured."""

OFF_SHARE, CLEAN_SHARE = 0.004, 0.001
"""Shares of irregular steps above which stamps stop being clean, and below which they are clean
again; a few are normal, because computers stall now and then."""

OFF_STEP = 0.35
"""Steps further than this from a whole number of periods, in periods, are irregular."""

SAME_STEP = 0.1
"""Samples whose stamps are closer than this, in periods, belong to one packet."""


RATE_SLACK = 0.1
"""Share of a packet that may seem lost because the true rate differs from the declared one."""


class LossDetector:
    """Detector of lost samples in streams whose stamps lie a whole number of periods apart.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    clean : bool
        Whether stamps are regular enough to detect single lost samples.

    Notes
    -----
    Samples with one stamp form a packet; a stream without packets has packets of one sample.
    From packet to packet a clean stamp advances by one period per sample of the packet plus one
    per lost sample: always a whole number. Steps that do not (jitter, delayed delivery) are
    irregular, and with too many of them single losses cannot be detected. Stamps count as clean
    until shown otherwise, so that losses in the first seconds do not tilt the fitted line.
    Where stamps are not clean, `StreamAligner` finds gaps by `PendingSamples`; where a device
    numbers its samples, `SampleCounter` decides.
    """

    def __init__(self, sfreq: float) -> None:
        self._period = 1.0 / sfreq
        self._head: float | None = None
        self._n_packet = 1
        self._n_steps = 0
        self._share = 0.0
        self.clean = True
        self._was_off = False

    def add(self, stamp: float) -> float | None:
        """Add the next stamp, in seconds.

        Returns
        -------
        float or None
            Lost samples before this one: about 0 for the next sample, k where k are lost. None
            where stamps are not clean.
        """
        if self._head is None:
            self._head = stamp
            return None
        step = (stamp - self._head) / self._period
        if 0.0 <= step < SAME_STEP:
            self._n_packet += 1
            return 0.0 if self.clean else None
        missing = step - self._n_packet
        memory = min(self._n_steps + 1, MEMORY_N)
        if abs(missing) <= max(OFF_STEP, RATE_SLACK * self._n_packet):
            off = False
            # Not the fitted line's period, which the first packets and losses bias.
            self._period *= 1.0 + missing / self._n_packet / memory
            missing = 0.0 if self._n_packet > 1 else missing
        else:
            off = missing < 0 or abs(missing - round(missing)) > OFF_STEP
        # A delayed delivery and the return to normal are one event.
        event = off and not self._was_off
        self._share += (event - self._share) / memory
        self.clean = self._share < (OFF_SHARE if self.clean else CLEAN_SHARE)
        self._head, self._n_packet, self._was_off = stamp, 1, off
        self._n_steps += 1
        return missing if self.clean else None

"""How many samples are missing between two stamps, where stamps are clean enough to tell."""

from __future__ import annotations

MEMORY_N = 1000
"""Steps of the stamps over which their habit is judged."""

OFF_SHARE, CLEAN_SHARE = 0.004, 0.001
"""Shares of steps off the lattice at which belief in the stamps ends, and at which it returns: a
computer hangs now and then."""

OFF_STEP = 0.35
"""A step is off the lattice from here, in periods; Gaussian jitter up to 0.09 periods passes."""

SAME_STEP = 0.1
"""Samples of one packet bear one stamp, or stamps that are this close, in periods."""


RATE_SLACK = 0.1
"""Share of a packet that may seem to be missing for another rate's sake; beyond it is refused."""


class LossDetector:
    """Whether a stream's stamps lie one period apart, and which ones are missing if they do.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    known : bool
        Whether stamps are clean enough to tell single samples.

    Notes
    -----
    Samples under one stamp are a packet. From packet to packet a clean stamp moves by as many
    periods as the packet had samples, plus those that were lost: a whole number, and never less.
    Steps that are not (jitter, deliveries held up) say that this stream's stamps cannot tell.
    A stream without packets is one of packets of one. Stamps are believed until they prove
    unclean: losses in the first seconds must not turn the line.
    """

    def __init__(self, sfreq: float) -> None:
        self._period = 1.0 / sfreq
        self._head: float | None = None
        self._n_packet = 1
        self._n_steps = 0
        self._share = 0.0
        self.known = True
        self._was_off = False

    def add(self, stamp: float) -> float | None:
        """Look at the next stamp, in seconds.

        Returns
        -------
        float or None
            Periods by which it is later than the stamp before it allows for: about 0 for the next
            sample, k where k are missing. None where stamps do not tell.
        """
        if self._head is None:
            self._head = stamp
            return None
        step = (stamp - self._head) / self._period
        if 0.0 <= step < SAME_STEP:
            self._n_packet += 1
            return 0.0 if self.known else None
        missing = step - self._n_packet
        memory = min(self._n_steps + 1, MEMORY_N)
        if abs(missing) <= max(OFF_STEP, RATE_SLACK * self._n_packet):
            off = False
            # Not the line's period: that is turned by the first packets, and by losses.
            self._period *= 1.0 + missing / self._n_packet / memory
            missing = 0.0 if self._n_packet > 1 else missing
        else:
            off = missing < 0 or abs(missing - round(missing)) > OFF_STEP
        # A delivery that was held up and its return are one event.
        event = off and not self._was_off
        self._share += (event - self._share) / memory
        self.known = self._share < (OFF_SHARE if self.known else CLEAN_SHARE)
        self._head, self._n_packet, self._was_off = stamp, 1, off
        self._n_steps += 1
        return missing if self.known else None

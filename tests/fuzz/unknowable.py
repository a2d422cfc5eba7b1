"""Differences that no reader can know of, each with the reason.

A rule holds for families of formats, for sites (see `fuzz.sites`) and for differences (see
`fuzz.readers.differences`), all as regular expressions that have to match whole words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What cannot be known, and why."""

    families: str
    sites: str
    differences: str
    reason: str

    def covers(self, family: str, site: str, difference: str) -> bool:
        """Whether it explains one difference."""
        pairs = ((self.families, family), (self.sites, site), (self.differences, difference))
        return all(re.fullmatch(pattern, word) for pattern, word in pairs)


STAMPED = "OpenBCI|BrainFlow|Shimmer|MindMonitor"
TEXT = f"{STAMPED}|E4"
LINES = "cells|lines|last line|characters|encoding"

RULES = (
    Rule(
        ".*",
        "(shift in |end in )?samples( and after)?",
        "values|markers",
        "samples have no checksum in these formats: one number is as good as another",
    ),
    Rule(
        TEXT,
        LINES,
        "values|markers",
        "a changed digit of a cell is another number",
    ),
    Rule(
        STAMPED,
        "cells|lines",
        "length|times",
        "rows that are missing, repeated or out of order show in stamps and counter, which the "
        "aligner counts in every run; a file that ends with a line is a shorter recording",
    ),
    Rule(
        "E4",
        "header|cells|lines|characters",
        "length|times|streams|values|markers",
        "rows of an E4 have no stamps, and its sensors need not end together",
    ),
    Rule(
        "E4",
        "header|cells|lines|characters",
        "start_utc|times|rate",
        "the two first lines alone say when a sensor began and how fast it was",
    ),
    Rule(
        "Shimmer|MindMonitor",
        "header|cells|lines|last line|characters",
        "rate",
        "no rate is stated: it is measured from the stamps that are there",
    ),
    Rule(
        STAMPED,
        "cells|lines",
        "start_utc",
        "the first stamp is the start, and one that is off the others is a gap to the aligner",
    ),
    Rule(
        "Shimmer",
        "header",
        "unit",
        "a stream without a known unit is refused by every run until somebody states it",
    ),
    Rule(
        "OpenBCI|XDF",
        "header|characters|encoding|field nominal_srate|field \\?",
        "rate",
        "the declared rate is compared with the stamps in every run",
    ),
    Rule(
        f"{TEXT}|BrainVision",
        "header|characters|encoding",
        "labels",
        "channels may have any names",
    ),
    Rule(
        f"{STAMPED}",
        "header",
        "length|times|values|markers|start_utc",
        "the first rows are as good as any, and a recording may begin with the second one",
    ),
    Rule(
        "XDF",
        "chunks",
        "length|times|values|clock offsets",
        "missing, repeated or swapped chunks show in the stamps, which the aligner counts",
    ),
    Rule(
        "XDF",
        "clock offsets|(shift in |end in )?samples( and after)?",
        "times|clock offsets",
        "a stamp off its line is one of a late sample to the aligner",
    ),
    Rule(
        "XDF",
        "field (name|type|label|unit|source_id|hostname|datetime|\\?)",
        "labels|unit|modality|values|start_utc",
        "names, types and dates of a stream are free text",
    ),
    Rule(
        "EDF|BDF",
        "(label|transducer|prefilter|unit|range|start|patient|recording|reserved)( and after)?",
        "labels|history|unit|modality|values|start_utc|streams",
        "a header alone says how channels are called and scaled, and when it began",
    ),
    Rule(
        "EDF|BDF",
        "record duration",
        "rate|times|labels",
        "nothing but this field says how long a record is",
    ),
    Rule(
        "FIF",
        "header( and after)?",
        "labels|unit|modality|values|start_utc|rate|times|markers|history|subject",
        "a header alone says how channels are called and scaled, how fast and when it began",
    ),
    Rule(
        "BrainVision",
        "header|cells|lines|last line|characters|encoding",
        "labels|unit|modality|values|start_utc|rate|times|markers|history|length",
        "the header alone describes the samples, and markers may be any",
    ),
    Rule(
        "BrainVision",
        "(shift in |end in )?samples( and after)?",
        "length|times",
        "no header states how many samples there are",
    ),
    Rule(
        "labels|YAML",
        ".*",
        "content",
        "a number or name that a person may have meant",
    ),
    Rule(
        "card|weights",
        ".*",
        "content",
        "the hash of card and weights is another one, and every view shows it",
    ),
    Rule(
        "checkpoint",
        ".*",
        "content",
        "torch compares no checksums; the card of a bundle states the SHA-256 of what it is from",
    ),
)


def reason_for(family: str, sites: Sequence[str], difference: str) -> str:
    """Return why a difference cannot be known; empty where it could be."""
    for rule in RULES:
        if any(rule.covers(family, site, difference) for site in sites):
            return rule.reason
    return ""

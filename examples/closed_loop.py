"""Let something follow the predictions: here a lamp that is dimmed when arousal is high.

Publish predictions first, in another terminal:

    physiosync live --source simulated --headless --outlet
    python examples/closed_loop.py [ROWS]

You see one line for each row: the lamp's brightness, or why it stays as it is. Rows without a
prediction, or with little confidence, change nothing; that is the rule to keep in a closed loop.
"""

import math
import sys

import pylsl

LEAST_CONFIDENCE = 0.5

found = pylsl.resolve_byprop("type", "Emotion", timeout=20.0)
if not found:
    sys.exit("no prediction stream in sight; start `physiosync live ... --outlet` first")
inlet = pylsl.StreamInlet(found[0])
brightness = 1.0
for _ in range(int(sys.argv[1]) if sys.argv[1:] else 1000):
    sample, stamp = inlet.pull_sample(timeout=10.0)
    if sample is None:
        sys.exit("no prediction for ten seconds; the run has ended")
    _, arousal, confidence, _ = sample
    if math.isnan(arousal):
        print(f"{stamp:.1f} s: no prediction, the lamp stays at {brightness:.2f}")
    elif confidence < LEAST_CONFIDENCE:
        print(f"{stamp:.1f} s: confidence {confidence:.2f}, the lamp stays at {brightness:.2f}")
    else:
        brightness += 0.2 * (1.0 - arousal - brightness)  # a fifth of the way, so it never jumps
        print(f"{stamp:.1f} s: arousal {arousal:.2f}, lamp at {brightness:.2f}")

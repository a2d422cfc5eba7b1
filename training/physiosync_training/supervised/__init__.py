"""Fine-tuning of encoders and heads on labelled windows.

`finetune` says what is trained and `trainer` how; `predict` has the answers, `calibration` their
temperatures, `selective` the confidence threshold to answer from; `results` keeps them on disk.
"""

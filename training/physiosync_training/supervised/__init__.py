"""Fine-tuning: heads and encoders on labelled windows, calibration, selective prediction."""

"""Contrastive pre-training: sampler, augmentation, model and its training."""

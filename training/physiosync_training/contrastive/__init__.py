"""Contrastive pre-training of both encoders, without labels.

`sampler` says which windows meet in a batch, `augment` changes them, `model` has both encoders and
the losses between them, `pretrain` the training and `config` its settings.
"""

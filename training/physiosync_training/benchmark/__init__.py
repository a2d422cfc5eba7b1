"""How fast training is, beside the released procedure written plainly."""

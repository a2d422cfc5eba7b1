"""Benchmarks; they measure and print, but assert nothing."""

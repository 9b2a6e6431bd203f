"""Compiles every module for CUDA without a GPU, reads the machine code, predicts rates: `make check-gpu`."""

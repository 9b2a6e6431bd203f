"""The kernels of accelerators, on PoCL: no GPU is needed."""

"""Accelerators: what a device does (protocol), its two kinds (opencl, cuda), the families of kernels, and the engine that uses them."""

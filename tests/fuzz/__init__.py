"""Differential and hostile inputs."""

"""The server: frames on a Unix socket, gRPC, metrics and logs, in front of one batcher."""

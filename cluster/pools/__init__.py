"""Where batches run: threads of this process, processes of this machine, machines of a cluster."""

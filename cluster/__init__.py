"""Where requests run: the batcher, pools of threads, processes and machines, the memo, and the server in front of them.

Nothing here knows a curve. A verdict is a function of bytes and rules; what goes wrong with a worker is never one.
"""

"""Jobs: files of requests of any size, streamed through a coprocessor in bounded memory, answers in input order.

reading    `lines` (bounded lines), `job` (one JSON line), `blobs` (names for bytes), `parquet`, `inputs` (files to chunks)
running    `stream`: decode a chunk while the one before is computed
writing    `answers` (columns to lines), `outputs` (files, resuming, standard output)
figures    `tally`: what was answered, how fast

The format is described in `docs/job-lines.md`.
"""

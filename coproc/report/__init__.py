"""The HTML report of a run: one file, plots drawn here as SVG, nothing fetched from anywhere, readable in light and dark.

`page` puts it together, `plots` draws, `machine` says where it ran.
"""

from coproc.report.page import write_report

__all__ = ["write_report"]

"""What a process has loaded before it is forked: the program, its policies and tables of reference, numba."""

import app.cli.serve
import app.cli.worker
import app.main
import app.whitelist.name_kernels  # noqa: F401 - loaded, not used
from app.kernel.settings import PROJECT_ROOT
from app.policy.loading import load_policy_library
from app.reference.book import load_reference_book

load_policy_library(PROJECT_ROOT / "seed")
load_reference_book(PROJECT_ROOT / "seed")

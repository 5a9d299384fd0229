"""The floor of ``apply``: so many appends of so many bytes, each made durable. Usage: bare_loop.py SYNCS BYTES"""

from __future__ import annotations

import os
import sys
import tempfile

syncs, size = map(int, sys.argv[1:])
with tempfile.NamedTemporaryFile(dir=".", buffering=0) as file:
    line = b"x" * size
    for _ in range(syncs):
        file.write(line)
        os.fdatasync(file.fileno())

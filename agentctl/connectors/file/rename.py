"""Gives a file a new name only where nothing has that name yet, in one act of the system."""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from typing import Any

_NOREPLACE = 1
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}


def rename_where_free(old: str, new: str, *, old_directory: int, new_directory: int) -> None:
    """Rename ``old`` to ``new``. Raises FileExistsError where ``new`` exists, other OSErrors as the system does."""
    call = _renameat2()
    if call is not None:
        if call(old_directory, os.fsencode(old), new_directory, os.fsencode(new), _NOREPLACE) == 0:
            return
        number = ctypes.get_errno()
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), new)
    # A link is as good, but a crash between the two calls leaves both names.
    os.link(old, new, src_dir_fd=old_directory, dst_dir_fd=new_directory, follow_symlinks=False)
    try:
        os.unlink(old, dir_fd=old_directory)
    except OSError:
        os.unlink(new, dir_fd=new_directory)
        raise


@cache
def _renameat2() -> Any:
    """Return the system call where the C library has it (glibc 2.28; not musl, not macOS)."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        function.restype = ctypes.c_int
    return function

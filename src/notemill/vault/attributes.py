"""File metadata, copied to the file that replaces it.

Owner, group, mode and, depending on the system:

- Linux: user extended attributes (`user.*`) and access control lists. The creation time cannot be
  set: a replaced note has a new one, as with every editor that saves by renaming.
- macOS: extended attributes (including Finder tags), access control lists, the hidden flag and the
  creation time.
- Windows: everything `ReplaceFileW` keeps: creation time, attributes, access control lists,
  streams.

The modification time is always the time of the write, even in an undo: sync services and indexers
rely on it to notice a change.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from typing import Final

_UNSUPPORTED: Final = frozenset(
    getattr(errno, name) for name in ("ENOTSUP", "EOPNOTSUPP", "ENOSYS") if hasattr(errno, name)
)


def why_not_replaced(path: str) -> str:
    """Return why a file must not be replaced, '' if it may be. Raises OSError."""
    names = os.stat(path).st_nlink  # noqa: PTH116
    if names > 1:
        return (
            "it is a hard link, and its other name would keep the old text; make it a separate file"
        )
    # A rename would not ask.
    return "" if os.access(path, os.W_OK) else "it is read-only; check its permissions"


def hand_on(like: str, handle: int) -> None:
    """Copy the metadata of the file `like` to the new file `handle`. Raises OSError."""
    if sys.platform == "win32":
        return
    info = os.stat(like)  # noqa: PTH116
    # What cannot be set may be so by itself, as on file systems without rights; so it is asked
    # afterwards. Giving away takes bits of the mode: it comes first.
    with contextlib.suppress(PermissionError):
        os.fchown(handle, info.st_uid, info.st_gid)
    with contextlib.suppress(PermissionError):
        os.fchmod(handle, stat.S_IMODE(info.st_mode))
    _hand_on_more(like, handle)
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid, now.st_mode) != (info.st_uid, info.st_gid, info.st_mode):
        raise PermissionError(errno.EPERM, "its owner, group or mode would change")


if sys.platform == "linux":

    def _hand_on_more(like: str, handle: int) -> None:
        wanted = {name: os.getxattr(like, name) for name in _kept(like)}
        for name in _kept(handle):
            # An access list that the folder gives to new files.
            if name not in wanted:
                os.removexattr(handle, name)
        for name, value in wanted.items():
            try:
                os.setxattr(handle, name, value)
            except OSError as error:
                reason = f"its extended attribute {name} cannot be kept: {error.strerror}"
                raise OSError(error.errno, reason) from error

    def _kept(file: str | int) -> list[str]:
        """Return the names of the attributes that are the user's; others are the system's."""
        try:
            names = os.listxattr(file)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return []
            raise
        return [name for name in names if name.startswith("user.") or name in _ACCESS_LISTS]

    _ACCESS_LISTS: Final = ("system.posix_acl_access", "system.nfs4_acl", "system.richacl")

elif sys.platform == "darwin":
    import ctypes

    _LIBC = ctypes.CDLL(None, use_errno=True)
    _LIBC.fcopyfile.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
    for _call in (_LIBC.fgetattrlist, _LIBC.fsetattrlist):
        _call.argtypes = (
            ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32,
        )  # fmt: skip
    _COPYFILE_ACL, _COPYFILE_XATTR = 1 << 0, 1 << 2  # copyfile.h
    _ATTR_CMN_CRTIME = 0x200  # sys/attr.h
    _LENGTH_BYTES, _TIMESPEC_BYTES = 4, 16

    class _AttributeList(ctypes.Structure):
        """`struct attrlist`: which attributes are meant."""

        _fields_ = (
            ("bitmapcount", ctypes.c_uint16), ("reserved", ctypes.c_uint16),
            ("common", ctypes.c_uint32), ("volume", ctypes.c_uint32),
            ("directory", ctypes.c_uint32), ("file", ctypes.c_uint32), ("fork", ctypes.c_uint32),
        )  # fmt: skip

    def _hand_on_more(like: str, handle: int) -> None:
        source = os.open(like, os.O_RDONLY)
        try:
            _checked(_LIBC.fcopyfile(source, handle, None, _COPYFILE_ACL | _COPYFILE_XATTR))
            _hand_on_creation_time(source, handle)
            hidden = os.fstat(source).st_flags & stat.UF_HIDDEN
        finally:
            os.close(source)
        if hidden:
            _checked(_LIBC.fchflags(handle, os.fstat(handle).st_flags | hidden))

    def _hand_on_creation_time(source: int, handle: int) -> None:
        created = ctypes.byref(_AttributeList(bitmapcount=5, common=_ATTR_CMN_CRTIME))
        found = ctypes.create_string_buffer(_LENGTH_BYTES + _TIMESPEC_BYTES)
        try:
            _checked(_LIBC.fgetattrlist(source, created, found, len(found), 0))
            time = ctypes.create_string_buffer(found.raw[_LENGTH_BYTES:], _TIMESPEC_BYTES)
            _checked(_LIBC.fsetattrlist(handle, created, time, _TIMESPEC_BYTES, 0))
        except OSError as error:
            # Where a file system keeps none, there is none to be kept.
            if error.errno not in (*_UNSUPPORTED, errno.EINVAL):
                raise

    def _checked(result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"its metadata cannot be kept: {os.strerror(number)}")

else:

    def _hand_on_more(like: str, handle: int) -> None:
        """Nothing more is known of this system."""


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _KERNEL = ctypes.WinDLL("kernel32", use_last_error=True)
    _KERNEL.ReplaceFileW.argtypes = (
        wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.LPCWSTR, wintypes.DWORD,
        wintypes.LPVOID, wintypes.LPVOID,
    )  # fmt: skip
    _KERNEL.ReplaceFileW.restype = wintypes.BOOL

    def take_place(temporary: str, path: str) -> None:
        """Put a file in another's place, with what that one has. Raises OSError."""
        if not _KERNEL.ReplaceFileW(path, temporary, None, 0, None, None):
            error = ctypes.WinError(ctypes.get_last_error())
            if os.path.lexists(path):
                raise error
            # The old one was taken away and the new one not put there: ERROR_UNABLE_TO_MOVE_
            # REPLACEMENT_2.
            os.replace(temporary, path)  # noqa: PTH105

else:

    def take_place(temporary: str, path: str) -> None:
        """Put a file in another's place, in one step. Raises OSError."""
        os.replace(temporary, path)  # noqa: PTH105


if sys.platform == "win32":

    def take_free_place(temporary: str, path: str) -> None:
        """Give a file a name that nothing has, in one step. Raises FileExistsError, OSError."""
        os.rename(temporary, path)  # noqa: PTH104  # it replaces nothing on this system

else:
    import ctypes

    _SYSTEM = ctypes.CDLL(None, use_errno=True)
    # Linux: renameat2(2), AT_FDCWD and RENAME_NOREPLACE; macOS: renamex_np(2) and RENAME_EXCL.
    _RENAME: Final = (
        ("renamex_np", (), 0x4) if sys.platform == "darwin" else ("renameat2", (-100,), 1)
    )

    def take_free_place(temporary: str, path: str) -> None:
        """Give a file a name that nothing has, in one step. Raises FileExistsError, OSError.

        Where a file cannot have two names for a moment, as on FAT, the system's own renaming that
        replaces nothing is called.
        """
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:
            _rename_to_free(temporary, path)
        else:
            os.remove(temporary)  # noqa: PTH107

    def _rename_to_free(temporary: str, path: str) -> None:
        name, folder, flags = _RENAME
        rename = getattr(_SYSTEM, name, None)
        if rename is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        rename.restype = ctypes.c_int
        old, new = (ctypes.c_char_p(os.fsencode(one)) for one in (temporary, path))
        if rename(*folder, old, *folder, new, ctypes.c_uint(flags)) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)

"""Folder markers: objects that stand for a folder and hold nothing. No film, and no refusal.

S3 has no folders, so clients put something where one would be: an object of no bytes called
`dir/` (consoles, MinIO's own, rclone, s3fs, Hadoop), or one that says so in its media type
(s3fs without the slash) or ending (`dir_$folder$`, EMR). Such a drop is passed over and counted.
"""

from typing import Final

_MEDIA: Final = frozenset({"application/x-directory", "httpd/unix-directory"})
_ENDINGS: Final = ("/", "_$folder$")


def is_folder(key: str, size: int, media: str = "") -> bool:
    """Return whether an object is a folder's marker, by its key, bytes and media type.

    Without its media type, which a listing does not tell, one without the slash is not known.
    """
    plain = media.partition(";")[0].strip().lower()
    return size == 0 and (key.endswith(_ENDINGS) or plain in _MEDIA)

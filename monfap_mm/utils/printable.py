"""Text that is safe to show, whatever bytes a file name is made of."""


def printable(text: str) -> str:
    r"""Escape what does not print, as Python does: ``\n`` for a line break, ``\xe9`` for a byte that is not Unicode.

    That goes also for marks that turn the direction of writing, with which a name can pretend another ending.

    Args:
        text: Such as a path; bytes that are not Unicode as lone surrogates.

    Returns:
        The text, without control characters and surrogates.
    """
    return ''.join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    # os.fsdecode keeps a byte that is not Unicode as a surrogate from U+DC80 on.
    if '\udc80' <= char <= '\udcff':
        return f'\\x{ord(char) - 0xDC00:02x}'
    return char.encode('unicode_escape').decode()

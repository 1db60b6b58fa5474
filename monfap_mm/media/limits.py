"""How large a picture or a frame may be, in pixels, by what it is for; see where each is used for who can raise it."""

# Converters and the check of a set (--max-pixels).
MAX_PIXELS_OF_SETS = 64_000_000
# Answers: 20,000 x 4,450; a little less than where Pillow begins to warn of decompression bombs (--max-pixels).
MAX_PIXELS_OF_ANSWERS = 89_000_000
# Training and testing, whose lists are the user's own: where Pillow refuses pictures.
MAX_PIXELS_OF_LISTS = 178_000_000
# What a model takes in one piece: more could take all memory. MoNFAP-C takes about 0.1 KB per pixel; for one that takes
# more than 1 KB, ForgerySegmentor.max_pixels_in_one_piece is lower.
MAX_PIXELS_IN_ONE_PIECE = 4096 * 4096


def check_one_piece(size: tuple[int, int], largest: int = MAX_PIXELS_IN_ONE_PIECE, name: str = '') -> None:
    """Refuse an input that is too large for one piece, before anything is allocated for it.

    Args:
        size: Its height and width.
        largest: Pixels that the model takes in one piece.
        name: Whose input it is.

    Raises:
        ValueError: If it has more pixels; says what to do.
    """
    height, width = size
    if height * width > largest:
        raise ValueError(
            f'{width} x {height} pixels are too many for one piece: use mode slide, or Resize in the test pipeline'
            + (f' ({name})' if name else '')
        )

"""How large a picture or a frame may be, in pixels, by what it is for; see where each is used for who can raise it."""

# Converters and the check of a set (--max-pixels).
MAX_PIXELS_OF_SETS = 64_000_000
# Answers: 20,000 x 4,450; a little less than where Pillow begins to warn of decompression bombs (--max-pixels).
MAX_PIXELS_OF_ANSWERS = 89_000_000
# Training and testing, whose lists are the user's own: where Pillow refuses pictures.
MAX_PIXELS_OF_LISTS = 178_000_000
# What the model takes in one piece: more could take all memory, about 0.1 GiB per million pixels with MoNFAP-C.
MAX_PIXELS_IN_ONE_PIECE = 4096 * 4096

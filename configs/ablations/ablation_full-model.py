# The last row of Table VI, and the paper's choice in every other table.
_base_ = '../monfap/monfap-c_8xb32-40e_ffiw-512x512.py'

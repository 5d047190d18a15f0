"""The local stack: everything that `make run` starts on a machine that has nothing but Python and make."""

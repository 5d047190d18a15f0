import errno


class StackFault(Exception):  # noqa: N818 - it is told to a person, in one line, and is not an error of the program
    """One line for the person at the keyboard: what is wrong and what to do about it."""


def fault_of(error: OSError) -> StackFault:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StackFault(f"The disk is full{where}. Free some space and start again.")
    if error.errno == errno.EROFS:
        return StackFault(f"The disk can only be read{where}. Set LEADFLIP_DATA to a folder that can be written.")
    return StackFault(f"{error.strerror or error}{where}.")

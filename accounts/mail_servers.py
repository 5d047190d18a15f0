"""The account's own SMTP server."""

from collections.abc import Mapping
from typing import Any

from accounts import changes
from accounts.access import Access
from accounts.faults import Fault, refuse_if_any
from accounts.ids import new_id
from accounts.models import MailServer

# Where the password goes, and how.
_WHERE = ("host", "port", "security")


def set_mail_server(access: Access, values: Mapping[str, Any], *, password: str | None) -> MailServer:
    """Make or replace it. password: None keeps the one that is there, an empty text removes it.

    Raises RefusedChangeError if one that is there would be kept although it would go elsewhere, or in another way.
    """
    found = MailServer.objects.select_for_update().first()
    if found and found.sealed_password and password is None:
        refuse_if_any(_moved_password(found, values))
    server = found or MailServer(id=new_id(), account_id=access.account_id)
    columns = dict(values)
    if password is not None:
        columns["sealed_password"] = _sealed(access, server, password)
    if found:
        changes.update(access, server, columns)
    else:
        for name, value in columns.items():
            setattr(server, name, value)
        changes.create(access, server)
    return server


def _moved_password(server: MailServer, values: Mapping[str, Any]) -> list[Fault]:
    # Otherwise whoever may change the server, but see no password, could have it sent to a server of theirs, or in the clear.
    changed = [name for name in _WHERE if values.get(name, getattr(server, name)) != getattr(server, name)]
    if not changed:
        return []
    detail = f"The server's {' and '.join(changed)} changed; give the password again, so that it goes to no one for whom it was not meant."
    return [Fault("password", "required", detail)]


def _sealed(access: Access, server: MailServer, password: str) -> bytes | None:
    return access.vault.seal(password.encode(), purpose=MailServer.PASSWORD, record_id=server.id) if password else None

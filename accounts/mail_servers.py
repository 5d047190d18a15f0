"""The account's own SMTP server."""

from collections.abc import Mapping
from typing import Any

from accounts import changes
from accounts.access import Access
from accounts.ids import new_id
from accounts.models import MailServer


def set_mail_server(access: Access, values: Mapping[str, Any], *, password: str | None) -> MailServer:
    """Make or replace it. password: None keeps the one that is there, an empty text removes it."""
    found = MailServer.objects.select_for_update().first()
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


def _sealed(access: Access, server: MailServer, password: str) -> bytes | None:
    return access.vault.seal(password.encode(), purpose=MailServer.PASSWORD, record_id=server.id) if password else None

"""Where the local stack's own mails go: into the sandbox's inbox, unless a server is named."""

import os


def mail_variables(*, smtp_port: int) -> dict[str, str]:
    if os.environ.get("LEADFLIP_MAIL_HOST"):
        return {}
    return {"LEADFLIP_MAIL_HOST": "127.0.0.1", "LEADFLIP_MAIL_PORT": str(smtp_port), "LEADFLIP_MAIL_SECURITY": "none"}

"""The email kind: renders a whole message, and hands it to the account's own mail server."""

import ssl
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

import aiosmtplib
from msgspec.structs import replace

from delivery.channels.base import (
    MAIL,
    NO_CONFIG,
    Config,
    Context,
    Envelope,
    FieldInfo,
    MailServerSettings,
    NotReadyError,
    Rendering,
    Secrets,
)
from delivery.channels.email.answers import outcome_of
from delivery.channels.email.batching import is_batched
from delivery.channels.email.config import clean_config
from delivery.channels.email.digest import one_lead_digest
from delivery.channels.email.message import build_message
from delivery.channels.email.transport import TOTAL_SECONDS, BusyError, MailTransport, Sent
from delivery.outbound import OutboundError, OutboundPolicy
from delivery.outbound.errors import tls_reason
from delivery.outcome import Outcome, Settled, Timings, Verdict
from delivery.templating import one_line

_NO_SERVER = "The account has no mail server yet. Set it under Email settings; this mail goes out then."
_MAX_CAPTURED = 16_384


class EmailTransport(Protocol):
    """What this kind asks of the process's transport."""

    @property
    def mail(self) -> MailTransport: ...


class EmailKind:
    name = "email"

    def clean_config(
        self,
        raw: Mapping[str, Any],
        *,
        fields: tuple[FieldInfo, ...],
        is_http_allowed: bool,
        policy: OutboundPolicy,
        old_config: Config = NO_CONFIG,
        old_secrets: Secrets,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        return clean_config(raw, fields=fields), {}

    def render(self, envelope: Envelope, config: Config, *, context: Context) -> Rendering:
        server, recipients = who_gets(config, context, partner=envelope.partner)
        if is_batched(config):
            body = one_lead_digest(envelope, config, server, recipients, context=context)
        else:
            body = build_message(envelope, config, server, recipients, context)
        return Rendering(body, MAIL, (*recipients, *config["cc"]))

    async def send(
        self,
        rendering: Rendering,
        *,
        delivery_id: UUID,
        config: Config,
        secrets: Secrets,
        context: Context,
        transport: EmailTransport,
    ) -> Outcome:
        if context.mail_server is None:
            return Outcome(Verdict.HELD, "no_mail_server", _NO_SERVER, is_attempt=False)
        begun = perf_counter()
        try:
            sent = await transport.mail.send(context.mail_server, rendering.stream or rendering.body, rendering.outstanding)
        except (OutboundError, BusyError, aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            outcome = replace(_unsent(error, context.mail_server.host), settled=rendering.settled)
        else:
            outcome = _sent(sent, rendering.settled)
        total = (perf_counter() - begun) * 1000
        return replace(
            outcome,
            method="SMTP",
            target=", ".join(rendering.outstanding),
            timings=replace(outcome.timings, total_ms=total),
        )


def who_gets(config: Config, context: Context, *, partner: str) -> tuple[MailServerSettings, tuple[str, ...]]:
    """The server that a mail goes out through, and its recipients without those in copy. Raises NotReadyError."""
    if context.mail_server is None:
        raise NotReadyError("no_mail_server", _NO_SERVER)
    recipients = tuple(config["recipients"]) or ((context.partner_email,) if context.partner_email else ())
    if not recipients:
        reason = f"{partner} has no email address, and the channel names no recipients. Add one; this mail goes out then."
        raise NotReadyError("no_recipient", reason)
    return context.mail_server, recipients


def _sent(sent: Sent, settled: Settled) -> Outcome:
    words = "\n".join(f"{who}: {code} {text}" for who, code, text in sent.replies).encode("utf-8", "replace")
    return replace(
        outcome_of(sent.replies, settled=settled),
        address=sent.address,
        timings=sent.timings,
        response_body=words[:_MAX_CAPTURED],
        is_response_truncated=len(words) > _MAX_CAPTURED,
    )


def _unsent(error: Exception, host: str) -> Outcome:
    match error:
        case OutboundError():
            # A blocked address stays blocked until the account sets another server, which the next try sees.
            return Outcome(Verdict.RETRY, error.code, error.reason, address=error.address, timings=error.timings)
        case aiosmtplib.SMTPAuthenticationError():
            reason = f"The mail server {host} does not accept the user name and password: {error.code} {one_line(error.message, most=200)}"
            return _with_words(Outcome(Verdict.RETRY, "smtp_auth", reason), error.message)
        case aiosmtplib.SMTPResponseException():
            # Said before any recipient was named, and so about the account's settings or the server's state: a person will mend it.
            reason = f"The mail server {host} does not take mails from this account at the moment: {error.code} {one_line(error.message, most=200)}"
            return _with_words(Outcome(Verdict.RETRY, f"smtp_{error.code}", reason), error.message)
        case ssl.SSLError():
            return Outcome(Verdict.RETRY, "tls", tls_reason(error, host))
        case _ if isinstance(error.__cause__, ssl.SSLError):
            return Outcome(Verdict.RETRY, "tls", tls_reason(error.__cause__, host))
        case BusyError():
            # Not this mail's fault, so it does not use up a try.
            return Outcome(Verdict.RETRY, "mail_server_busy", f"The mail server {host} was busy with other mails.", is_counted=False)
        case TimeoutError() | aiosmtplib.SMTPTimeoutError():
            reason = f"The mail server {host} did not finish within {TOTAL_SECONDS:.0f} s."
            return Outcome(Verdict.RETRY, "timeout", reason, timings=Timings())
    return Outcome(
        Verdict.RETRY, "smtp_connection", f"The connection to the mail server {host} failed: {' '.join(str(error).split())[:200]}"
    )


def _with_words(outcome: Outcome, words: str) -> Outcome:
    return replace(outcome, response_body=words.encode("utf-8", "replace")[:_MAX_CAPTURED])


KIND = EmailKind()

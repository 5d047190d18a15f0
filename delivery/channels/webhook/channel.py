"""The webhook kind: renders the body, signs and sends it, and reads the answer."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from delivery.channels.base import Config, Context, Envelope, FieldInfo, Rendering, Secrets
from delivery.channels.webhook.answers import reason_of, retry_after_seconds, verdict_of
from delivery.channels.webhook.body import BODIES
from delivery.channels.webhook.config import CONTENT_TYPES, Prepared, PreparedConfigs, clean_config
from delivery.channels.webhook.signature import sign
from delivery.outbound import Answer, OutboundClient, OutboundError, OutboundPolicy, UrlError
from delivery.outcome import Headers, Outcome, Verdict

_UNSIGNED = "This channel has no usable signing secret: make a new one on its page."


class WebhookTransport(Protocol):
    """What this kind asks of the process's transport."""

    @property
    def client(self) -> OutboundClient: ...

    @property
    def policy(self) -> OutboundPolicy: ...


class WebhookKind:
    name = "webhook"

    def __init__(self) -> None:
        self._prepared = PreparedConfigs()

    def clean_config(
        self,
        raw: Mapping[str, Any],
        *,
        fields: tuple[FieldInfo, ...],
        is_http_allowed: bool,
        policy: OutboundPolicy,
        old_secrets: Secrets,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        return clean_config(raw, is_http_allowed=is_http_allowed, policy=policy, old_secrets=old_secrets)

    def render(self, envelope: Envelope, config: Config, *, context: Context) -> Rendering:
        payload_format = config["payload_format"]
        return Rendering(BODIES[payload_format](envelope), CONTENT_TYPES[payload_format])

    async def send(
        self,
        rendering: Rendering,
        *,
        delivery_id: UUID,
        config: Config,
        secrets: Secrets,
        context: Context,
        transport: WebhookTransport,
    ) -> Outcome:
        try:
            prepared = self._prepared.prepare(config, secrets, is_http_allowed=context.is_http_allowed, policy=transport.policy)
        except UrlError as error:
            return Outcome(Verdict.FAILED, error.code, error.detail, method="POST", target=config["url"])
        except ValueError:
            # Nothing goes out unsigned; the next try finds the secret that somebody has made meanwhile.
            return Outcome(Verdict.RETRY, "no_signing_secret", _UNSIGNED, method="POST", target=config["url"])
        timestamp = int(time.time())
        # The type is the rendering's: the channel's format may be another one by now.
        own = (("Content-Type", rendering.content_type), *_signature(prepared, str(delivery_id), timestamp, rendering.body))
        try:
            answer = await transport.client.post(
                prepared.target,
                headers=(*own, *prepared.fixed_headers),
                body=rendering.body,
                timeout_seconds=prepared.timeout_seconds,
            )
        except OutboundError as error:
            return _unanswered(error, prepared, own)
        return _answered(answer, prepared, own)


def _signature(prepared: Prepared, message_id: str, timestamp: int, body: bytes) -> Headers:
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(prepared.keys(timestamp), message_id=message_id, timestamp=timestamp, body=body)),
    )


def _unanswered(error: OutboundError, prepared: Prepared, own: Headers) -> Outcome:
    return Outcome(
        Verdict.RETRY if error.is_retryable else Verdict.FAILED,
        error.code,
        error.reason,
        method="POST",
        target=prepared.url,
        address=error.address,
        request_headers=own + prepared.shown_headers,
        timings=error.timings,
    )


def _answered(answer: Answer, prepared: Prepared, own: Headers) -> Outcome:
    status = answer.status
    verdict, max_tries = verdict_of(status)
    return Outcome(
        verdict,
        "ok" if verdict is Verdict.DELIVERED else f"http_{status}",
        reason_of(status),
        http_status=status,
        retry_after_seconds=retry_after_seconds(answer.headers, now=datetime.now(UTC)) if verdict is Verdict.RETRY else None,
        max_tries=max_tries,
        is_counted=status != 429,
        pauses_channel=status == 410,
        method="POST",
        target=prepared.url,
        address=answer.address,
        request_headers=own + prepared.shown_headers,
        response_headers=answer.headers,
        response_body=answer.body,
        is_response_truncated=answer.is_truncated,
        timings=answer.timings,
    )


KIND = WebhookKind()

"""The webhook kind: renders the body, signs and sends it, and reads the answer."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from delivery.channels.base import NO_CONFIG, Config, Context, Envelope, FieldInfo, Rendering, Secrets
from delivery.channels.webhook.addresses import Reach
from delivery.channels.webhook.body import BODIES, BODY_TYPES
from delivery.channels.webhook.config import clean_config
from delivery.channels.webhook.outcomes import answered, unanswered, without_token
from delivery.channels.webhook.prepared import Prepared, PreparedConfigs
from delivery.channels.webhook.signature import sign
from delivery.channels.webhook.template_body import CONTENT_TYPES, template_body
from delivery.oauth import TokenError, Tokens
from delivery.outbound import OutboundClient, OutboundError, OutboundPolicy, UrlError
from delivery.outcome import Headers, Outcome, Verdict

# For a request whose token came at the last moment: it fails in time, as itself.
_LEAST_SECONDS = 0.05
_UNSIGNED = "This channel has no usable signing secret: make a new one on its page."


class WebhookTransport(Protocol):
    """What this kind asks of the process's transport."""

    @property
    def client(self) -> OutboundClient: ...

    @property
    def policy(self) -> OutboundPolicy: ...

    @property
    def tokens(self) -> Tokens: ...


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
        old_config: Config = NO_CONFIG,
        old_secrets: Secrets,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        reach = Reach(is_http_allowed, policy)
        return clean_config(raw, fields=fields, reach=reach, old_config=old_config, old_secrets=old_secrets)

    def render(self, envelope: Envelope, config: Config, *, context: Context) -> Rendering:
        payload_format = config["payload_format"]
        if payload_format == "template":
            content_type = config["content_type"]
            body = template_body(envelope, template=config["template"], content_type=content_type)
            return Rendering(body, CONTENT_TYPES[content_type].header)
        return Rendering(BODIES[payload_format](envelope), BODY_TYPES[payload_format])

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
            prepared = self._prepared.prepare(config, secrets, Reach(context.is_http_allowed, transport.policy))
        except UrlError as error:
            return Outcome(Verdict.FAILED, error.code, error.detail, method="POST", target=config["url"])
        except ValueError:
            # Nothing goes out unsigned; the next try finds the secret that somebody has made meanwhile.
            return Outcome(Verdict.RETRY, "no_signing_secret", _UNSIGNED, method="POST", target=config["url"])
        one = _Try(prepared, rendering, str(delivery_id), transport, asyncio.get_running_loop().time() + prepared.timeout_seconds)
        if prepared.credentials is None:
            return await one.post()
        return await one.post_with_token()


@dataclass(slots=True)
class _Try:
    """One try, in which a refused token is replaced once. deadline: of all of it, on the loop's clock."""

    prepared: Prepared
    rendering: Rendering
    message_id: str
    transport: WebhookTransport
    deadline: float

    async def post_with_token(self) -> Outcome:
        prepared, tokens = self.prepared, self.transport.tokens
        assert prepared.credentials is not None
        try:
            token = await tokens.token(prepared.credentials, seconds=self._left())
            outcome = await self.post(token)
            if outcome.http_status == 401 and self._left() > 0:
                fresh = await tokens.renewed(prepared.credentials, token, seconds=self._left())
                outcome = outcome if fresh == token else await self.post(fresh)
        except TokenError as error:
            return without_token(error, prepared.credentials, now=datetime.now(UTC))
        return outcome

    async def post(self, token: str = "") -> Outcome:
        prepared, body = self.prepared, self.rendering.body
        # The type is the rendering's: the channel's format may be another one by now.
        own = (("Content-Type", self.rendering.content_type), *self._signature(int(time.time())))
        authorization: Headers = (("Authorization", f"Bearer {token}"),) if token else ()
        try:
            answer = await self.transport.client.post(
                prepared.target,
                headers=(*own, *prepared.fixed_headers, *authorization),
                body=body,
                timeout_seconds=max(self._left(), _LEAST_SECONDS),
            )
        except OutboundError as error:
            return unanswered(error, prepared, own)
        return answered(answer, prepared, own, token=token, now=datetime.now(UTC))

    def _signature(self, timestamp: int) -> Headers:
        keys = self.prepared.keys(timestamp)
        return (
            ("webhook-id", self.message_id),
            ("webhook-timestamp", str(timestamp)),
            ("webhook-signature", sign(keys, message_id=self.message_id, timestamp=timestamp, body=self.rendering.body)),
        )

    def _left(self) -> float:
        return self.deadline - asyncio.get_running_loop().time()


KIND = WebhookKind()

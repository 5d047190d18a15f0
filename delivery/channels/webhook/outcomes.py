"""From what came back, or did not, to the Outcome of a try."""

from datetime import datetime

from delivery.channels.webhook.answer_rules import Content
from delivery.channels.webhook.answers import TRIES_AFTER_REFUSAL, judge_status, retry_after_seconds, verdict_of
from delivery.channels.webhook.kept import MASK
from delivery.channels.webhook.prepared import Prepared
from delivery.oauth import ClientCredentials, TokenError
from delivery.outbound import Answer, OutboundError
from delivery.outbound.answer import MAX_KEPT_BODY_BYTES
from delivery.outcome import Headers, Outcome, Verdict

# Below this many characters a secret is too common a text to be looked for.
_LEAST_SECRET = 4


def answered(answer: Answer, prepared: Prepared, own: Headers, *, token: str, now: datetime) -> Outcome:
    """own: the headers of the signature and the body, as sent. token: of OAuth2, or empty."""
    status, rules = answer.status, prepared.rules
    content = Content(answer.body, is_whole=not answer.is_truncated)
    judgement = (rules.judge(status, content) if rules else None) or judge_status(status)
    is_taken = judgement.verdict is Verdict.DELIVERED
    headers, body = _without_secrets(answer, (*prepared.secret_values, token) if token else prepared.secret_values)
    return Outcome(
        judgement.verdict,
        judgement.code,
        judgement.reason,
        http_status=status,
        retry_after_seconds=retry_after_seconds(answer.headers, now=now) if judgement.verdict is Verdict.RETRY else None,
        max_tries=judgement.max_tries,
        is_counted=status != 429,
        pauses_channel=judgement.pauses_channel,
        method="POST",
        target=prepared.url,
        address=answer.address,
        request_headers=own + prepared.shown_headers,
        response_headers=headers,
        response_body=body,
        is_response_truncated=answer.is_truncated,
        timings=answer.timings,
        partner_reference=rules.reference(content) if rules else "",
        price=rules.price(content) if rules and is_taken else None,
    )


def unanswered(error: OutboundError, prepared: Prepared, own: Headers) -> Outcome:
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


def without_token(error: TokenError, credentials: ClientCredentials, *, now: datetime) -> Outcome:
    """No lead goes out without a token. What the token endpoint says counts as what the partner says, but pauses nothing."""
    status = error.status
    is_refusal = status is not None and status >= 300 and verdict_of(status) != (Verdict.RETRY, None)
    return Outcome(
        Verdict.RETRY if error.is_retryable else Verdict.FAILED,
        "oauth2",
        error.reason,
        retry_after_seconds=retry_after_seconds(error.headers, now=now),
        max_tries=TRIES_AFTER_REFUSAL if is_refusal else None,
        is_counted=status != 429,
        method="POST",
        target=credentials.target.url,
        address=error.address,
        timings=error.timings,
    )


def _without_secrets(answer: Answer, secrets: tuple[str, ...]) -> tuple[Headers, bytes]:
    """Headers and body for the log. A partner may well answer with what it got; secrets that it repeats as they were sent are masked."""
    headers, body = answer.headers, answer.body
    for secret in secrets:
        if len(secret) < _LEAST_SECRET:
            continue
        body = body.replace(secret.encode(), MASK.encode())[:MAX_KEPT_BODY_BYTES]
        headers = tuple((name, value.replace(secret, MASK)) for name, value in headers)
    return headers, body

"""The URLs in a webhook's settings."""

from dataclasses import dataclass

from delivery.channels.reading import Reading
from delivery.outbound import OutboundPolicy, Target, UrlError, parse_url


@dataclass(frozen=True, slots=True)
class Reach:
    """Where an account's webhooks may lead."""

    is_http_allowed: bool
    policy: OutboundPolicy

    def target(self, url: str) -> Target:
        """Raises UrlError."""
        return parse_url(url, is_http_allowed=self.is_http_allowed, policy=self.policy)


def clean_url(reading: Reading, name: str, reach: Reach, *, missing: str) -> Target | None:
    """None with a fault. missing: the sentence when there is none."""
    url = reading.raw.get(name)
    if not isinstance(url, str) or not url.strip():
        reading.report(name, "required", missing)
        return None
    try:
        return reach.target(url.strip())
    except UrlError as error:
        reading.report(name, error.code, error.detail)
        return None


def is_elsewhere(old_url: str | None, target: Target | None, reach: Reach) -> bool:
    """Whether a URL leads to another scheme, host or port than before, or to the first. The path and the query may change."""
    if target is None:
        return False
    try:
        return old_url is None or reach.target(old_url).origin != target.origin
    except UrlError:
        return True

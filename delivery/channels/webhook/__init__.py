"""A lead as an HTTP request to an address of the partner's, signed by Standard Webhooks 1.0."""

from delivery.channels.webhook.channel import KIND

__all__ = ["KIND"]

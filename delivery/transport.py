"""What the channel kinds send through, one per process and loop: the guarded HTTP client, the tokens got through it, and the
mail connections over the same guard."""

from dataclasses import dataclass

from django.conf import settings

from delivery.channels.email.transport import MailTransport
from delivery.oauth import Tokens
from delivery.outbound import OutboundClient, OutboundPolicy


def outbound_policy() -> OutboundPolicy:
    """Where this installation may connect to."""
    return OutboundPolicy(allow=settings.OUTBOUND_ALLOW, ports=settings.OUTBOUND_PORTS)


@dataclass(frozen=True, slots=True)
class Transport:
    client: OutboundClient
    policy: OutboundPolicy
    mail: MailTransport
    tokens: Tokens

    @classmethod
    def from_settings(cls) -> "Transport":
        policy = outbound_policy()
        client = OutboundClient(policy, proxy=settings.EGRESS_PROXY)
        return cls(client=client, policy=policy, mail=MailTransport(policy), tokens=Tokens(client))

    async def close(self) -> None:
        await self.tokens.close()
        await self.client.close()
        await self.mail.close()

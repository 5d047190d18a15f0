from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from delivery.models.channel import DeliveryChannel
from delivery.models.delivery import Delivery, DeliveryQuerySet


class Digest(models.Model):
    """Several deliveries of one email channel, sent as one mail (docs/adr/0012).

    It is open until it is closed: from then on the deliveries whose `digest` it is are its own, and those of no other. One among them, of the same
    id and with `is_digest`, has no lead: it carries the digest through the queue, and its state is the digest's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    channel = models.ForeignKey(DeliveryChannel, on_delete=models.PROTECT, related_name="digests", db_index=False)
    due_at = models.DateTimeField()
    max_leads = models.PositiveIntegerField(null=True, help_text="It is due as soon as so many wait.")
    config_version = models.PositiveIntegerField(help_text="Of the account, when it was planned or put together.")
    is_waiting = models.BooleanField(default=False, help_text="Nothing can be done about it before the account's settings change.")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    lead_count = models.PositiveIntegerField(default=0, help_text="Deliveries in it since it was closed.")
    wrapped_key = models.BinaryField(default=b"", editable=False, help_text="Seals the mail; empty when a lead of it was erased.")
    began_at = models.DateTimeField(null=True, help_text="When the mail was begun: its pieces are the renderings of this moment.")
    sealed_progress = models.BinaryField(null=True, editable=False)
    put_together_at = models.DateTimeField(null=True, help_text="The mail is whole.")
    rendering_id = models.UUIDField(null=True, help_text="The mail's first piece.")
    size = models.PositiveIntegerField(default=0, help_text="Bytes of the mail.")
    recipients = ArrayField(models.CharField(max_length=254), default=list)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["channel"], condition=models.Q(closed_at=None), name="digest_one_open"),
            models.CheckConstraint(
                condition=models.Q(put_together_at=None) | models.Q(closed_at__isnull=False), name="digest_whole_is_closed"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # leadflip_digests_to_do: what is not whole yet.
            models.Index(fields=["due_at"], condition=models.Q(put_together_at=None), name="digest_not_whole"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def members(self) -> DeliveryQuerySet:
        """The deliveries of leads in it."""
        return Delivery.objects.filter(digest=self, is_digest=False)

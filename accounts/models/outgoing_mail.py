from typing import ClassVar

from django.db import models

from accounts.ids import new_id


class OutgoingMail(models.Model):
    """A mail of Leadflip's own to a person, until it is sent: then the row goes, since mails hold links that open things.

    It belongs to no account, as its reader does not: a password is reset before anybody knows which account it is for.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            # accounts.outbox: which is due.
            models.Index(fields=["next_try_at"], name="outgoing_mail_due"),
        ]

    def __str__(self) -> str:
        return self.subject

from django.db import models

from accounts.ids import new_id
from accounts.models import Account
from distribution.fields.exact_json import ExactDecoder, ExactEncoder
from distribution.models.lead import Lead
from distribution.models.profile import Profile


class Decision(models.Model):
    """What routing decided for one lead in one profile, with the reason for every assignment, chosen or not."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="decisions")
    profile = models.ForeignKey(Profile, on_delete=models.SET_NULL, null=True, related_name="+")
    profile_name = models.CharField(max_length=100)
    is_matched = models.BooleanField()
    detail = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder, help_text="As distribution.routing.Decision.as_json gives it.")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.profile_name}: {'matched' if self.is_matched else 'not matched'}"

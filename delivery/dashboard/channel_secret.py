"""A new signing secret for a webhook, shown once."""

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.dashboard.pages import Page, PageRequest, page, refused
from accounts.faults import ConflictError
from delivery.channel_config import rotate_signing_secret
from delivery.dashboard.channel import stored_page
from delivery.dashboard.channel_health import locked


@require_POST
@page("write")
def rotate(request: PageRequest, profile_id: str, assignment_id: str) -> Page | HttpResponse:
    subject, channel = locked(profile_id, assignment_id)
    try:
        secret = rotate_signing_secret(request.access, channel)
    except ConflictError as conflict:
        return refused(request, str(conflict), "channel", *subject.ids)
    return stored_page(request, subject, signing_secret=secret, is_rotated=True)

"""Nothing of a file stays longer than it is of use. Called once an hour."""

from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.isolation import account_scope
from intake.imports.sealed_parts import destroy_file
from intake.models import Import, ImportFaultyRows

UNSTARTED_HOURS = 24
FAULTY_ROWS_DAYS = 7


def clean_imports() -> int:
    """Forget uploads that nobody started, files of imports that ended otherwise than by their last step, and old faulty rows. Returns how many
    imports were cleaned."""
    now = timezone.now()
    unstarted_before, over_before = now - timedelta(hours=UNSTARTED_HOURS), now - timedelta(days=FAULTY_ROWS_DAYS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, id FROM leadflip_imports_to_clean(%s, %s)", [unstarted_before, over_before])
        found: list[tuple[UUID, UUID]] = cursor.fetchall()
    for account_id, import_id in found:
        with account_scope(account_id):
            # One that was started in this moment keeps its file.
            for record in Import.objects.select_for_update().filter(id=import_id, job=None):
                record.delete()
            for record in Import.objects.filter(id=import_id, job__finished_at__isnull=False):
                destroy_file(record.id)
            if Import.objects.filter(id=import_id, job__finished_at__lt=over_before).update(sealed_names=None, cleaned_at=now):
                ImportFaultyRows.objects.filter(lead_import_id=import_id).delete()
    return len(found)

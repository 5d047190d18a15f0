"""An import on its way: started, cancelled, and taken step by step, a part of the file at a time."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import jobs
from accounts.access import Access
from accounts.faults import ConflictError, RefusedChangeError
from accounts.jobs import JobFailedError, Step
from accounts.models import Job
from delivery.wake import wake
from distribution.fields import Fault
from distribution.models import LeadSource
from intake.imports.columns import entity_of
from intake.imports.faulty_rows import MAX_KEPT, FaultyRow, keep_faulty_rows
from intake.imports.mapping import RowLead, as_json, lead_of_row, lost_slots, mapping_of
from intake.imports.reading import Row
from intake.imports.sealed_parts import destroy_file, open_names, open_part
from intake.imports.trying import read_mapping
from intake.models import Import
from intake.pipeline import Answer, IncomingLead, Receipt, Refusal, receive_leads

KIND = "import"
COUNTS = ("created", "updated", "skipped", "faulty")


def start_import(access: Access, record: Import, raw_mapping: Any, *, is_routed: bool, on_duplicate: str | None) -> Job:
    """on_duplicate: one of distribution.duplicates.ACTIONS instead of the Entity's own. Raises RefusedChangeError and ConflictError."""
    if record.job or record.discarded_at:
        raise ConflictError(f"This import is {record.state}; a file is imported once. Upload it again to import it anew.")
    if on_duplicate not in (None, "off") and not entity_of(access, record).duplicates.keys:
        detail = f"on_duplicate is {on_duplicate!r}, but the Entity does not say by which fields leads are the same person; set its duplicates.match."
        raise RefusedChangeError([Fault("on_duplicate", "invalid", detail)])
    mapping, _ = read_mapping(access, record, raw_mapping)
    params = {"mapping": as_json(mapping), "is_routed": is_routed, "on_duplicate": on_duplicate}
    job = jobs.start(access, KIND, label=f"Import of {record.file_name}", params=params, total=record.rows)
    if not Import.objects.filter(id=record.id, job=None, discarded_at=None).update(job=job):
        raise ConflictError("Another request has just started or cancelled this import.")
    record.job = job
    return job


def cancel_import(access: Access, record: Import) -> None:
    """What is imported stays; the file is destroyed. Raises ConflictError when it is over already."""
    if record.job:
        jobs.cancel(record.job, by=access)
    elif Import.objects.filter(id=record.id, job=None, discarded_at=None).update(discarded_at=timezone.now()):
        destroy_file(record.id)
    else:
        raise ConflictError("This import is started or cancelled already. Read it again.")
    record.refresh_from_db()


def end_import(_access: Access, job: Job) -> None:
    """Cancelled or failed: nobody needs the rest of the file."""
    for import_id in Import.objects.filter(job=job).values_list("id", flat=True):
        destroy_file(import_id)


def import_step(access: Access, job: Job) -> Step:
    """Bring in the part whose number is the job's cursor; with the last one the file is destroyed."""
    record = Import.objects.filter(job=job).first()
    number = job.cursor or 0
    part = open_part(access, record.id, number) if record else None
    if record is None or part is None:
        raise JobFailedError("The file is gone.")
    rows, size = part
    counts, faulty = _bring_in(access, record, job, rows)
    kept = max(0, MAX_KEPT - int(job.result.get("faulty", 0)))
    keep_faulty_rows(access, record, number, faulty[:kept])
    done = job.done + len(rows)
    is_last = done == record.rows
    if is_last:
        destroy_file(record.id)
    so_far = {name: job.result.get(name, 0) + counts[name] for name in COUNTS}
    result = {**so_far, "bytes_done": job.result.get("bytes_done", 0) + size, "import": str(record.id)}
    return Step(cursor=number + 1, done=done, is_last=is_last, total=record.rows, result=result)


def _bring_in(access: Access, record: Import, job: Job, rows: Sequence[Row]) -> tuple[Counter[str], list[FaultyRow]]:
    mapping, width = mapping_of(job.params), len(open_names(access, record))
    if lost := lost_slots(mapping, entity_of(access, record).specs):
        raise JobFailedError(f"The Entity has lost what columns are mapped to: {', '.join(lost)}. What was imported until then stays.")
    leads = [lead_of_row(row.cells, mapping, width=width) for row in rows]
    answers = iter(_receive(access, record, job, [lead for lead in leads if not lead.faults]))
    counts: Counter[str] = Counter()
    faulty: list[FaultyRow] = []
    for row, lead in zip(rows, leads, strict=True):
        answer = Refusal(lead.faults) if lead.faults else next(answers)
        counts[_count_of(answer)] += 1
        if isinstance(answer, Refusal):
            faulty.append(FaultyRow(row.number, row.cells, _in_words(answer.faults)))
    return counts, faulty


def _receive(access: Access, record: Import, job: Job, leads: Sequence[RowLead]) -> list[Answer]:
    incoming = [IncomingLead(lead.raw, status=lead.status, note=lead.note) for lead in leads]
    answers = receive_leads(
        access,
        str(record.entity_id),
        incoming,
        source=LeadSource.CSV,
        request_id=str(record.id),
        is_routed=job.params["is_routed"],
        on_duplicate=job.params["on_duplicate"],
    )
    if any(isinstance(answer, Receipt) and answer.deliveries for answer in answers):
        transaction.on_commit(wake)
    return answers


def _count_of(answer: Answer) -> str:
    if isinstance(answer, Refusal):
        return "faulty"
    if isinstance(answer, Receipt):
        return "created"
    return "updated" if answer.is_merged else "skipped"


def _in_words(faults: Sequence[Fault]) -> str:
    return " ".join(fault.detail for fault in faults)

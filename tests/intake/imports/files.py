"""CSV files, uploaded and imported as a client does it."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.jobs import take_one_step
from distribution.models import Lead
from leadflip.background import KINDS
from tests.builders import Shop

MAPPING = {"0": "first_name", "1": "email", "2": "zip"}
HEADER = b"first_name,email,zip\n"


def post_file(shop: Shop, content: bytes, *, name: str = "leads.csv", key: str | None = None, **options: Any) -> Any:
    client: Any = Client(raise_request_exception=False)
    body = {"file": SimpleUploadedFile(name, content), "entity": "solar_leads", **options}
    return client.post("/api/imports", body, headers={"Authorization": f"Bearer {key or shop.key}"})


def upload(shop: Shop, content: bytes, **options: Any) -> Any:
    """The answer of an upload that must succeed."""
    answer = post_file(shop, content, **options)
    assert answer.status_code == 201, (answer.status_code, answer.content)
    return answer.json()


def refusal(shop: Shop, content: bytes, **options: Any) -> tuple[str, str]:
    """Code and detail of the one fault of an upload that must be refused."""
    answer = post_file(shop, content, **options)
    assert answer.status_code == 400, (answer.status_code, answer.content)
    (error,) = answer.json()["errors"]
    return error["code"], error["detail"]


def start(shop: Shop, import_id: str, mapping: Any = MAPPING, **options: Any) -> None:
    answer = shop.call("POST", f"imports/{import_id}/start", {"mapping": mapping, "is_routed": False, **options})
    assert answer.status_code == 202, (answer.status_code, answer.content)


def work_off() -> None:
    while take_one_step(KINDS):
        pass


def import_file(shop: Shop, content: bytes, mapping: Any = MAPPING, **options: Any) -> Any:
    """Uploaded, started and done; answers as `GET /api/imports/{id}` does."""
    import_id = upload(shop, content)["id"]
    start(shop, import_id, mapping, **options)
    work_off()
    return shop.get(f"imports/{import_id}")


def stored(shop: Shop) -> list[dict[str, Any]]:
    """The values of every lead, in the order of their coming."""
    with shop.open():
        return list(Lead.objects.order_by("id").values_list("values", flat=True))


def faulty_csv(shop: Shop, import_id: str, *, key: str | None = None) -> str:
    answer = shop.call("GET", f"imports/{import_id}/faulty.csv", key=key)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode("utf-8-sig")

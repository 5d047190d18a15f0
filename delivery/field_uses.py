"""What channels use of the fields of an Entity: their selections, and the names in their templates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from delivery.models import DeliveryChannel
from delivery.payload import chosen_fields
from delivery.templating import NamedField, check
from distribution.entity_table import specs_of
from distribution.field_uses import Use
from distribution.models import Entity

# Where a template stands in a channel's settings, and what people call it.
_TEMPLATES = (
    (("subject",), "subject"),
    (("body_template",), "body"),
    (("csv", "file_name"), "file name"),
    (("template",), "template"),
)


def find_channel_uses(entity: Entity) -> Iterator[tuple[str, Use]]:
    """In the primary channels of the Entity's profiles."""
    specs = specs_of(entity)
    channels = DeliveryChannel.objects.filter(is_primary=True, assignment__profile__entity_id=entity.id)
    for channel in channels.select_related("assignment__partner", "assignment__profile").order_by("id"):
        owner = f"the channel of {channel.assignment.partner.name} in {channel.assignment.profile.name}"
        for item in channel.fields.get("selected", []):
            # To choose an encrypted field is to let it go out.
            yield item["key"], Use("channel", channel.id, owner, "it is sent without a value", breaks_when_encrypted=False)
        fields = chosen_fields(channel.fields, specs)
        hides_encrypted = channel.fields["mode"] == "all" and not channel.fields.get("include_encrypted", False)
        for path, name in _TEMPLATES:
            words, loss = f"the {name} of {owner}", "it can no longer be filled in"
            for key in _named(_at(channel.config, path), fields):
                yield key, Use("channel", channel.id, words, loss, breaks_when_encrypted=hides_encrypted)


def _at(config: Mapping[str, Any], path: tuple[str, ...]) -> str:
    found: Any = config
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else ""


def _named(source: str, fields: Sequence[NamedField]) -> Iterator[str]:
    """The fields that a template names: those without which it has more faults."""
    faults = len(check(source, fields))
    for field in fields:
        # The text itself rules out nearly all of them at no cost.
        if field.key in source and len(check(source, [other for other in fields if other is not field])) > faults:
            yield field.key

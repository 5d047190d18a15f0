from delivery.models.attempt import Attempt, Trigger
from delivery.models.channel import BreakerState, ChannelHealth, ChannelKindName, ChannelRate, DeliveryChannel
from delivery.models.delivery import Delivery, DeliveryState, Rendering
from delivery.models.digest import Digest
from delivery.models.volume import HourlyVolume

__all__ = [
    "Attempt",
    "BreakerState",
    "ChannelHealth",
    "ChannelKindName",
    "ChannelRate",
    "Delivery",
    "DeliveryChannel",
    "DeliveryState",
    "Digest",
    "HourlyVolume",
    "Rendering",
    "Trigger",
]

from delivery.models.attempt import Attempt, Trigger
from delivery.models.channel import ChannelHealth, ChannelKindName, DeliveryChannel
from delivery.models.delivery import Delivery, DeliveryState, Rendering

__all__ = [
    "Attempt",
    "ChannelHealth",
    "ChannelKindName",
    "Delivery",
    "DeliveryChannel",
    "DeliveryState",
    "Rendering",
    "Trigger",
]

from delivery.channels.email.channel import KIND

__all__ = ["KIND"]

from django.apps import AppConfig


class LeadflipConfig(AppConfig):
    name = "leadflip"

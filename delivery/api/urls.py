from django.urls import path

from delivery.api.attempts import AttemptList
from delivery.api.channels import ChannelDetail, ChannelList, Pause, PrimaryChannel, Resume, RotateSecret
from delivery.api.deliveries import DeliveryCounts, DeliveryDetail, DeliveryExport, DeliveryList
from delivery.api.digests import DigestDeliveries, DigestDetail, DigestList, DigestResend, DigestSend
from delivery.api.leads import LeadDetail, LeadList
from delivery.api.mail_server import MailServerView
from delivery.api.partners import PartnerDetail
from delivery.api.resends import DeliveriesCancel, DeliveriesResend, DeliveryCancel, DeliveryResend
from delivery.api.trials import PreviewChannel, TestChannel

urlpatterns = [
    path("mail-server", MailServerView.as_view()),
    path("profiles/<str:profile_id>/assignments/<str:id>/channel", PrimaryChannel.as_view()),
    path("partners/<str:id>", PartnerDetail.as_view()),
    path("channels", ChannelList.as_view()),
    path("channels/<str:id>", ChannelDetail.as_view()),
    path("channels/<str:id>/test", TestChannel.as_view()),
    path("channels/<str:id>/preview", PreviewChannel.as_view()),
    path("channels/<str:id>/rotate-secret", RotateSecret.as_view()),
    path("channels/<str:id>/pause", Pause.as_view()),
    path("channels/<str:id>/resume", Resume.as_view()),
    path("deliveries", DeliveryList.as_view()),
    path("deliveries/counts", DeliveryCounts.as_view()),
    path("deliveries/export", DeliveryExport.as_view()),
    path("deliveries/resend", DeliveriesResend.as_view()),
    path("deliveries/cancel", DeliveriesCancel.as_view()),
    path("deliveries/<str:id>", DeliveryDetail.as_view()),
    path("deliveries/<str:id>/resend", DeliveryResend.as_view()),
    path("deliveries/<str:id>/cancel", DeliveryCancel.as_view()),
    path("digests", DigestList.as_view()),
    path("digests/<str:id>", DigestDetail.as_view()),
    path("digests/<str:id>/deliveries", DigestDeliveries.as_view()),
    path("digests/<str:id>/send", DigestSend.as_view()),
    path("digests/<str:id>/resend", DigestResend.as_view()),
    path("attempts", AttemptList.as_view()),
    path("leads", LeadList.as_view()),
    path("leads/<str:id>", LeadDetail.as_view()),
]

from accounts.models.account import Account, Member, Role, bump_config_version
from accounts.models.alert import Alert, AlertKind
from accounts.models.api_key import SCOPES, ApiKey, create_api_key, hash_key
from accounts.models.audit_event import AuditEvent
from accounts.models.invitation import Invitation
from accounts.models.job import Job, JobState
from accounts.models.mail_server import MailSecurity, MailServer
from accounts.models.outgoing_mail import OutgoingMail
from accounts.models.user import User

__all__ = [
    "SCOPES",
    "Account",
    "Alert",
    "AlertKind",
    "ApiKey",
    "AuditEvent",
    "Invitation",
    "Job",
    "JobState",
    "MailSecurity",
    "MailServer",
    "Member",
    "OutgoingMail",
    "Role",
    "User",
    "bump_config_version",
    "create_api_key",
    "hash_key",
]

from accounts.models.account import Account, Member, Role, bump_config_version
from accounts.models.api_key import SCOPES, ApiKey, create_api_key, hash_key
from accounts.models.audit_event import AuditEvent
from accounts.models.job import Job, JobState
from accounts.models.mail_server import MailSecurity, MailServer
from accounts.models.user import User

__all__ = [
    "SCOPES",
    "Account",
    "ApiKey",
    "AuditEvent",
    "Job",
    "JobState",
    "MailSecurity",
    "MailServer",
    "Member",
    "Role",
    "User",
    "bump_config_version",
    "create_api_key",
    "hash_key",
]

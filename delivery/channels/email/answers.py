"""What a mail server's words mean for the delivery. Pure."""

from collections.abc import Sequence

from delivery.outcome import Outcome, Verdict

Reply = tuple[str, int, str]


def outcome_of(replies: Sequence[Reply]) -> Outcome:
    """Accepted by one is delivered, naming who refused it for good; 4xx is tried again; refused by all is failed."""
    accepted = [reply for reply in replies if reply[1] < 400]
    later = [reply for reply in replies if 400 <= reply[1] < 500]
    refused = [reply for reply in replies if reply[1] >= 500]
    if accepted:
        missed = "".join(f" {who} was refused: {code} {_short(text)}." for who, code, text in later + refused)
        return Outcome(Verdict.DELIVERED, "ok", f"The mail server has accepted the mail.{missed}")
    if later:
        who, code, text = later[0]
        return Outcome(Verdict.RETRY, f"smtp_{code}", f"The mail server puts off the mail for {who}: {code} {_short(text)}.")
    who, code, text = refused[0]
    return Outcome(Verdict.FAILED, f"smtp_{code}", f"The mail server refuses the mail for {who}: {code} {_short(text)}.")


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")

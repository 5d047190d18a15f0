"""What a mail server's words mean for the delivery. Pure."""

from collections.abc import Sequence

from delivery.outcome import Outcome, Settled, Verdict

Reply = tuple[str, int, str]


def outcome_of(replies: Sequence[Reply], *, settled: Settled = ()) -> Outcome:
    """Each recipient by itself: 4xx is tried again for that one alone, 5xx is for good. At the end it is delivered if anybody has it.

    settled: of earlier tries.
    """
    later = [reply for reply in replies if 400 <= reply[1] < 500]
    refused = [reply for reply in replies if reply[1] >= 500]
    done = (*settled, *((who, code) for who, code, _ in replies if not 400 <= code < 500))
    accepted = [who for who, code in done if code < 400]
    if later:
        others = f"The mail server has accepted the mail for {', '.join(accepted)}. " if accepted else ""
        who, code, text = later[0]
        more = f" and {len(later) - 1} more" if len(later) > 1 else ""
        reason = f"{others}The mail server puts off the mail for {who}{more}: {code} {_short(text)}.{_refusals(refused)}"
        return Outcome(Verdict.RETRY, f"smtp_{code}", reason, settled=done)
    if accepted:
        before = [(who, code, "") for who, code in settled if code >= 500]
        reason = f"The mail server has accepted the mail.{_refusals([*before, *refused])}"
        return Outcome(Verdict.DELIVERED, "ok", reason, settled=done)
    who, code, text = refused[0]
    return Outcome(Verdict.FAILED, f"smtp_{code}", f"The mail server refuses the mail for {who}: {code} {_short(text)}.", settled=done)


def _refusals(refused: Sequence[Reply]) -> str:
    return "".join(f" {who} was refused: {f'{code} {_short(text)}'.strip()}." for who, code, text in refused)


def _short(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")

"""The page that shows what arrived. Everything on it came over the network, so everything is escaped; no script runs."""

import json
from collections.abc import Iterable
from html import escape

from leadflip.local.sandbox.arrivals import KEPT, Arrival, Attachment, Mail, Webhook

STYLE = """
:root { color-scheme: light dark; --background: #fbfbfd; --surface: #ffffff; --sunken: #f5f5f8; --line: #e6e6ec;
  --text: #17171c; --muted: #6b6b78; --accent: #5a4fe0; --ok: #0f8a5f; --bad: #c4314b; --info: #2f62c9; }
@media (prefers-color-scheme: dark) {
  :root { --background: #0d0d10; --surface: #141418; --sunken: #1a1a20; --line: #25252d;
    --text: #ededf2; --muted: #9b9baa; --accent: #7c73f5; --ok: #4cc99a; --bad: #f2748a; --info: #7fa9f7; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text); font: 14px/1.5 system-ui, sans-serif; }
main { max-width: 880px; margin: 0 auto; padding: 32px 16px 64px; }
h1 { font-size: 20px; margin: 0 0 4px; }
h2 { font-size: 14px; margin: 0; overflow-wrap: anywhere; }
p { margin: 0 0 8px; color: var(--muted); }
code, pre { font: 12px/1.6 ui-monospace, SFMono-Regular, Menlo, monospace; }
p code { color: var(--text); }
a { color: var(--accent); }
article { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-top: 16px; }
article header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: baseline; margin-bottom: 8px; }
article header time { margin-left: auto; color: var(--muted); }
.mark { font-weight: 600; }
.ok { color: var(--ok); } .bad { color: var(--bad); } .mail { color: var(--info); }
pre { margin: 8px 0 0; padding: 12px; background: var(--sunken); border-radius: 6px; max-height: 320px; overflow: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
details { margin-top: 8px; color: var(--muted); }
summary { cursor: pointer; }
.empty { padding: 48px 16px; text-align: center; }
"""


def render_page(arrivals: Iterable[Arrival], *, port: int, smtp_port: int) -> str:
    items = "".join(_webhook(arrival) if isinstance(arrival, Webhook) else _mail(arrival) for arrival in arrivals)
    body = (
        items or '<article class="empty"><h2>Nothing has arrived yet</h2><p>Send a lead with the curl that make run printed.</p></article>'
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Sandbox partner</title><link rel="stylesheet" href="/style.css"></head>
<body><main><h1>Sandbox partner</h1>
<p>What this partner received, newest first, at most {KEPT}. The same as JSON: <a href="/arrivals.json">/arrivals.json</a>.</p>
<p>Webhooks: <code>http://127.0.0.1:{port}/webhooks/leads</code>, add <code>?answer=500</code> or <code>?delay=3</code> for a partner in trouble.
Mails: SMTP on <code>127.0.0.1:{smtp_port}</code>.</p>
{body}</main></body></html>"""


def _webhook(webhook: Webhook) -> str:
    mark = (
        '<span class="mark ok">✓ verified</span>'
        if webhook.verified
        else f'<span class="mark bad">✗ not verified: {escape(webhook.reason)}</span>'
    )
    return f"""<article><header><h2>Webhook {escape(webhook.headers.get("webhook-id", ""))}</h2>{mark}{_time(webhook)}</header>
<p><code>POST {escape(webhook.path)}</code>, answered {webhook.answered}</p>
<pre>{escape(_pretty(webhook.body))}</pre>{_headers(webhook.headers)}</article>"""


def _mail(mail: Mail) -> str:
    attachments = "".join(map(_attachment, mail.attachments))
    html = f"<details><summary>HTML source</summary><pre>{escape(mail.html)}</pre></details>" if mail.html else ""
    return f"""<article><header><h2>{escape(mail.subject) or "(no subject)"}</h2><span class="mark mail">✉ mail</span>{_time(mail)}</header>
<p>From {escape(mail.sender)} to {escape(", ".join(mail.recipients))}</p>
<pre>{escape(mail.text) or "(no text part)"}</pre>{attachments}{html}{_headers(mail.headers)}</article>"""


def _attachment(attachment: Attachment) -> str:
    title = f"{escape(attachment.name)} ({escape(attachment.type)}, {attachment.size:,} bytes)"
    if not attachment.text:
        return f"<p>Attached: {title}</p>"
    return f"<details open><summary>Attached: {title}</summary><pre>{escape(attachment.text)}</pre></details>"


def _headers(headers: dict[str, str]) -> str:
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return f"<details><summary>Headers</summary><pre>{escape(lines)}</pre></details>"


def _time(arrival: Arrival) -> str:
    return f'<time datetime="{arrival.at.isoformat()}">{arrival.at:%H:%M:%S} UTC</time>'


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body

"""The HTTP client alone: the same bodies, no database. Run by `processes.run_together`."""

import asyncio
import json
import sys
import time
from ipaddress import ip_network
from typing import Any

import uvloop

from delivery.outbound import OutboundClient, OutboundPolicy, parse_url


async def _post_all(wanted: dict[str, Any]) -> dict[str, float]:
    policy = OutboundPolicy(allow=(ip_network("127.0.0.0/8"),))
    target = parse_url(wanted["url"], is_http_allowed=True, policy=policy)
    headers = [(name, value) for name, value in wanted["headers"]]
    body = wanted["body"].encode()
    left = wanted["number"]
    async with OutboundClient(policy) as client:

        async def post() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                answer = await client.post(target, headers=headers, body=body, timeout_seconds=20)
                assert answer.status == 200

        await client.post(target, headers=headers, body=body, timeout_seconds=20)
        _wait_for_the_word()
        started, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(post() for _ in range(wanted["in_flight"])))
        ended, cpu = time.monotonic(), time.process_time() - cpu
    return {"number": wanted["number"], "started": started, "ended": ended, "cpu": cpu}


def _wait_for_the_word() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_post_all(json.loads(sys.stdin.readline())))), flush=True)

"""Which deliveries go next: the statement behind `queue.claim`, and when there will be more for it."""

# Walks the partial index from one (account, channel) to the next, so that its cost is the number of channels with something queued, not the
# number of deliveries.
_LANES = """
lanes AS (
    (SELECT account_id, channel_id FROM delivery_delivery WHERE state = 'queued' ORDER BY account_id, channel_id LIMIT 1)
    UNION ALL
    SELECT following.account_id, following.channel_id FROM lanes CROSS JOIN LATERAL (
        SELECT account_id, channel_id FROM delivery_delivery
        WHERE state = 'queued' AND (account_id, channel_id) > (lanes.account_id, lanes.channel_id)
        ORDER BY account_id, channel_id LIMIT 1
    ) following
)
"""

# A channel's rate is kept by a bucket that holds what may go within a second, one try every `step` seconds flowing in. That is a little slower
# than the rate, so that a full bucket and what flows in within 60 seconds are together no more than the rate.
_BUCKET = """
SELECT ceil(channel.rate_per_minute / 60.0)::int AS holds,
       60.0::float8 / CASE WHEN channel.rate_per_minute <= 60 THEN channel.rate_per_minute
                           ELSE channel.rate_per_minute - ceil(channel.rate_per_minute / 60.0) END AS step
"""
_IN_BUCKET = "CASE WHEN rate.used_until IS NULL THEN holds ELSE LEAST(holds, floor(extract(epoch FROM now() - rate.used_until) / step)) END"

_DUE_IN_LANE = "state = 'queued' AND account_id = lanes.account_id AND channel_id = lanes.channel_id AND next_attempt_at <= now()"

# Who gets the next slots. Of each lane come at most as many as its channel has room and rate for, and as twice its fair share of the limit is, so
# that the sorts see hundreds of rows and not all that is due; first tries and retries take turns. Then accounts take turns, and within an account
# its channels, starting behind the account that was served last. A channel whose breaker is open has no room (delivery.breaker).
# LEAST passes over what is NULL.
CHOOSE = f"""
WITH RECURSIVE {_LANES}, busy AS (
    SELECT channel_id, count(*) AS number FROM delivery_delivery WHERE state = 'sending' GROUP BY channel_id
), open_lanes AS MATERIALIZED (
    SELECT lanes.account_id, lanes.channel_id, room.tries
    FROM lanes JOIN delivery_deliverychannel channel ON channel.id = lanes.channel_id LEFT JOIN busy ON busy.channel_id = lanes.channel_id
    LEFT JOIN delivery_channelhealth health ON health.channel_id = lanes.channel_id
    LEFT JOIN delivery_channelrate rate ON rate.channel_id = lanes.channel_id AND channel.rate_per_minute IS NOT NULL
    CROSS JOIN LATERAL ({_BUCKET}) bucket
    CROSS JOIN LATERAL (
        SELECT LEAST(LEAST(channel.max_in_flight, health.allowed_in_flight) - COALESCE(busy.number, 0), {_IN_BUCKET})::int AS tries
    ) room
    WHERE channel.paused_at IS NULL AND (health.open_until IS NULL OR health.open_until <= now()) AND room.tries > 0 AND (
        EXISTS (SELECT FROM delivery_delivery WHERE {_DUE_IN_LANE} AND NOT is_retry)
        OR EXISTS (SELECT FROM delivery_delivery WHERE {_DUE_IN_LANE} AND is_retry)
    )
), shares AS MATERIALIZED (
    SELECT account_id, channel_id, LEAST(tries, ceil(
        2.0 * %(limit)s / (SELECT count(DISTINCT account_id) FROM open_lanes) / count(*) OVER (PARTITION BY account_id)
    )::int) AS tries
    FROM open_lanes
), due AS (
    SELECT one.id, one.is_retry, lanes.account_id, lanes.channel_id, lanes.tries,
           row_number() OVER (PARTITION BY lanes.channel_id ORDER BY one.turn, one.is_retry) AS in_channel
    FROM shares lanes CROSS JOIN LATERAL (
        (SELECT id, is_retry, row_number() OVER (ORDER BY next_attempt_at) AS turn FROM delivery_delivery
         WHERE {_DUE_IN_LANE} AND NOT is_retry ORDER BY next_attempt_at LIMIT lanes.tries)
        UNION ALL
        (SELECT id, is_retry, row_number() OVER (ORDER BY next_attempt_at) AS turn FROM delivery_delivery
         WHERE {_DUE_IN_LANE} AND is_retry ORDER BY next_attempt_at LIMIT lanes.tries)
    ) one
), turns AS (
    SELECT id, is_retry, account_id, row_number() OVER (PARTITION BY account_id ORDER BY in_channel, channel_id) AS in_account
    FROM due WHERE in_channel <= tries
), ranked AS (
    SELECT id, is_retry, account_id, in_account,
           row_number() OVER (PARTITION BY is_retry ORDER BY in_account, account_id <= %(after)s, account_id) AS in_kind
    FROM turns
)
SELECT id FROM ranked WHERE NOT is_retry OR in_kind <= %(retry_limit)s
ORDER BY in_account, account_id <= %(after)s, account_id LIMIT %(limit)s
"""

# Takes out of the buckets what was claimed. Only one engine claims at a time, so that what is read here is what is written.
TAKE_OF_RATES = f"""
INSERT INTO delivery_channelrate (channel_id, account_id, used_until)
SELECT taken.channel_id, taken.account_id,
       GREATEST(rate.used_until, now() - make_interval(secs => holds * step)) + make_interval(secs => taken.number * step)
FROM (SELECT channel_id, account_id, count(*) AS number FROM claimed GROUP BY channel_id, account_id) taken
JOIN delivery_deliverychannel channel ON channel.id = taken.channel_id AND channel.rate_per_minute IS NOT NULL
LEFT JOIN delivery_channelrate rate ON rate.channel_id = taken.channel_id
CROSS JOIN LATERAL ({_BUCKET}) bucket
ON CONFLICT (channel_id) DO UPDATE SET used_until = EXCLUDED.used_until
"""

# When the first channel that keeps something due waiting, for its rate or for the end of its rest, lets one go; NULL beyond `within`.
NEXT_OPENING = f"""
WITH RECURSIVE {_LANES}
SELECT min(opens.at) FROM lanes JOIN delivery_deliverychannel channel ON channel.id = lanes.channel_id
LEFT JOIN delivery_channelhealth health ON health.channel_id = lanes.channel_id
LEFT JOIN delivery_channelrate rate ON rate.channel_id = lanes.channel_id AND channel.rate_per_minute IS NOT NULL
CROSS JOIN LATERAL ({_BUCKET}) bucket
CROSS JOIN LATERAL (SELECT GREATEST(health.open_until, rate.used_until + make_interval(secs => step)) AS at) opens
WHERE channel.paused_at IS NULL AND opens.at > now() AND opens.at <= now() + %(within)s
  AND EXISTS (SELECT FROM delivery_delivery WHERE {_DUE_IN_LANE})
"""

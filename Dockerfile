# One image for servers, workers and one-off commands: `docker run IMAGE` serves, `docker run IMAGE db upgrade` migrates.
# At run time: no root, no shell, no compiler, no package installer; everything but /data and /tmp may be read-only.
# docs/operations.md says how to run it; `make image-check` carries these steps out where there is no container engine.

FROM python:3.11.14-slim-bookworm AS builder

# Charts need a Chinese font. The package brings four; two of them are taken along below.
# (No version is pinned: Debian keeps only the newest of a package, and the build would break at the next one.)
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

# Wheels only, each with its hash. A closed network names its own index: `docker build --secret id=pip,src=pip.conf .`
WORKDIR /opt/rongqiao
COPY requirements.build.lock requirements.runtime.lock ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: --requirement requirements.build.lock --requirement requirements.runtime.lock \
    && /opt/venv/bin/python -m pip check \
    && find /opt/venv -type d -name tests -prune -exec rm -rf {} +

# The program runs from its tree, as after `make install`: migrations/ and seed/ are looked for beside app/.
COPY README.md alembic.ini pyproject.toml ./
COPY migrations migrations
COPY seed seed
COPY app app
RUN /opt/venv/bin/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable . \
    && /opt/venv/bin/python -m pip uninstall --quiet --yes setuptools pip \
    && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash app migrations \
    && rm -rf rongqiao.egg-info README.md requirements.build.lock requirements.runtime.lock \
    && ln -s /data var \
    && chmod -R u=rwX,go=rX /opt/rongqiao /opt/venv \
    && install -d -m 0750 -o 10001 -g 10001 /data


FROM python:3.11.14-slim-bookworm

ARG REVISION=""
LABEL org.opencontainers.image.title="rongqiao" \
      org.opencontainers.image.description="融桥: finance docking between governments, banks and manufacturers" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.documentation="docs/operations.md"

# All that is copied belongs to root: the service cannot change its own program.
COPY --from=builder /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc /usr/share/fonts/opentype/noto/
COPY --from=builder /usr/share/doc/fonts-noto-cjk/copyright /usr/share/doc/fonts-noto-cjk/copyright
COPY --from=builder /opt/venv /opt/venv
COPY --from=builder /opt/rongqiao /opt/rongqiao
COPY --from=builder --chown=10001:10001 /data /data

# Numba compiles on first use for the processor it finds, and keeps that on the volume.
ENV PATH="/opt/venv/bin:${PATH}" \
    HOME="/tmp" \
    PYTHONDONTWRITEBYTECODE="1" \
    PYTHONUNBUFFERED="1" \
    NUMBA_CACHE_DIR="/data/numba" \
    RONGQIAO_ENVIRONMENT="production" \
    RONGQIAO_HOST="0.0.0.0" \
    RONGQIAO_PORT="8000"

WORKDIR /opt/rongqiao
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["/opt/venv/bin/python", "-c", "import http.client, os, sys; door = http.client.HTTPConnection('127.0.0.1', int(os.environ['RONGQIAO_PORT']), timeout=4); door.request('GET', '/healthz'); sys.exit(door.getresponse().status != 200)"]
ENTRYPOINT ["/opt/venv/bin/rongqiao"]
CMD ["serve"]

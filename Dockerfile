# syntax=docker/dockerfile:1
# The worker. Node 24 runs the TypeScript files as they are, so the image holds the source and the production dependencies.
# Not tested with a container engine; the same commands were run without one.
FROM node:24-slim AS dependencies
WORKDIR /drydock
COPY package.json package-lock.json .npmrc ./
# Install scripts stay off: no dependency of the worker needs one. Temporal's binaries for other systems are removed.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && npm cache clean --force \
  && arch="$(uname -m)" \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 -type d ! -name "${arch}-unknown-linux-gnu" -exec rm -r {} +

FROM node:24-slim
ENV NODE_ENV=production \
    DRYDOCK_HTTP_ADDRESS=0.0.0.0:8086 \
    DRYDOCK_ARCHIVE_DIR=/cache \
    DRYDOCK_WORKFLOW_BUNDLE=/drydock/workflows.bundle.js
# The system's certificates: Temporal's core checks those of Temporal Cloud against them.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node -m 0700 /cache
WORKDIR /drydock
COPY --from=dependencies /drydock/node_modules node_modules
COPY . .
RUN node worker/bundle-workflows.ts workflows.bundle.js
USER 1000:1000
VOLUME /cache
EXPOSE 8086
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8086/livez').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1, without a shell or npm, so that SIGTERM reaches it.
ENTRYPOINT ["node", "worker/main.ts"]

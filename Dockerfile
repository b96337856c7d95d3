# The worker and the command line: the built package (package/build.ts) with its production dependencies, no TypeScript, no tests.
#
#   docker build -t drydock-worker .                      # for this machine's processor
#   docker build -t drydock-worker --platform linux/arm64 .   # for another one: nothing of it is run, so no emulator is needed
#   docker build -t drydock-worker --build-arg BASE=registry.example/node:24 --secret id=npmrc,src=$HOME/.npmrc .
#
# BASE is Linux with glibc, Node 24 and npm. The secret tells npm of a registry of your own; it is in no layer.
# buildah 1.28 confuses the two processors. There leave out --platform, and name the other one and both bases:
#   --build-arg TARGETARCH=arm64 --build-arg BASE=<image for the other one> --build-arg BUILD_BASE=<image for this one>
# `npm run test:image` builds this file and restores in the container.
ARG BASE=node:24-slim
ARG BUILD_BASE=${BASE}

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
# Temporal's core checks the certificates of Temporal Cloud against the system's, which a slim base does not have.
RUN test -s /etc/ssl/certs/ca-certificates.crt || (apt-get update && apt-get install -y --no-install-recommends ca-certificates)
WORKDIR /drydock
COPY package.json package-lock.json .npmrc ./
# Install scripts stay off: no dependency needs one here. npm trusts whom the base image trusts.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
  NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node package/build.ts && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# Left out: Temporal's binaries for other systems, the compiler that bundles workflows (they are bundled), types, maps and texts.
ARG TARGETARCH
RUN case "${TARGETARCH:-$(uname -m)}" in amd64|x86_64) cpu=x86_64 ;; arm64|aarch64) cpu=aarch64 ;; *) echo "no build for $TARGETARCH"; exit 1 ;; esac \
  && image=/image/drydock \
  && install -d -m 1777 /image/cache \
  && install -d "$image/client/cli" "$image/infra" /image/etc/ssl/certs \
  && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
  && cp package.json LICENSE "$image/" && cp client/cli/bin.cjs "$image/client/cli/" && cp infra/code-cache.cjs "$image/infra/" \
  && rm -rf dist/types && mv dist node_modules "$image/" \
  && cd "$image/node_modules" \
  && rm -rf @swc/core-* @types .cache .package-lock.json \
  && find @temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$cpu-unknown-linux-gnu" -exec rm -r {} + \
  && find . -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.md' \) -delete

FROM ${BASE}
ENV NODE_ENV=production \
    DRYDOCK_HTTP_ADDRESS=0.0.0.0:8086 \
    DRYDOCK_ARCHIVE_DIR=/cache
COPY --from=build /image/ /
WORKDIR /drydock
# Any other user will do as well, such as the one that OpenShift draws: nothing here belongs to a user, and /cache is open to all.
USER 1000:1000
VOLUME /cache
EXPOSE 8086
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8086/livez').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1, without a shell or npm, so that SIGTERM reaches it. Other words run the command line: `list`, `describe r`.
ENTRYPOINT ["node", "/drydock/client/cli/bin.cjs"]
CMD ["worker"]

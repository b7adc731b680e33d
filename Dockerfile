# syntax=docker/dockerfile:1
# A Chorus node. Build: docker build -t chorus .    Use: see compose.yaml and docs/how-to/run-a-node.md.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
RUN npm install --global pnpm@10.34.9
COPY . .
# As in a checkout: the lock file decides, and no package runs an install script.
RUN pnpm install --frozen-lockfile \
 && pnpm exec tsc -b apps/cli \
 && pnpm --filter @chorus/web build \
 && pnpm --filter @chorus/cli deploy --legacy --prod /chorus

# Debian, not Alpine: onnxruntime and anvil are built against glibc.
FROM node:24.21.0-bookworm-slim
COPY --from=build /chorus /opt/chorus
RUN ln -s /opt/chorus/bin/chorus.js /usr/local/bin/chorus \
 && chmod +x /opt/chorus/bin/chorus.js \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin chorus \
 && install --directory --owner=chorus --group=chorus --mode=0700 /data
ENV NODE_ENV=production \
    CHORUS_HOME=/data \
    XDG_CACHE_HOME=/data/.cache
USER chorus
WORKDIR /data
VOLUME /data
# libp2p. The admin API stays on the container's loopback: docker exec ... chorus status.
EXPOSE 4011/tcp 4011/udp
# The node finishes or hands back its step within shutdownSeconds (20): stop with --time 30.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s CMD ["chorus", "status", "--json"]
ENTRYPOINT ["chorus"]
CMD ["start"]

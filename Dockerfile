# One image for every role: edge, worker, standalone, demo-cluster. Debian, not Alpine: uWebSockets.js comes as a glibc binary.
# Written for the classic builder too, so that any engine builds it.

FROM node:22-bookworm-slim AS build
WORKDIR /build
# For builds behind a mirror of the registry; empty means npm's own.
ARG NPM_CONFIG_REGISTRY
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.base.json ./
COPY scripts ./scripts
COPY src ./src
RUN npx --no-install tsc -b src/bin && node scripts/build-assets.js
# What runs needs no types, maps or build records, and the uWebSockets.js binary of one Node version only.
RUN npm prune --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/@uwsjs/linux-x64-20 node_modules/.package-lock.json \
 && find dist -name '*.tsbuildinfo' -delete \
 && find dist node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM node:22-bookworm-slim
ENV NODE_ENV=production \
    POSEIDON_LISTEN=0.0.0.0:8080 \
    POSEIDON_ADMIN_LISTEN=0.0.0.0:9090
# Of a flood most memory is buffers that are garbage already: a small young generation frees them sooner, and one arena keeps no holes of
# theirs for each thread. A tenth less in 200 floods (docs/reliability.md).
ENV NODE_OPTIONS=--max-semi-space-size=4 \
    MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/package.json ./
COPY --from=build /build/dist ./dist
USER node
EXPOSE 8080 9090
# The admin port answers for edges, workers and standalone alike. A demo cluster has none: it brings its own check.
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/bin/poseidon.js"]

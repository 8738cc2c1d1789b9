# The server in an image of its own: `docker build -t chat-server .`

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p chat-server

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/chat --create-home chat
COPY --from=build /src/target/release/chat-server /usr/local/bin/chat-server
COPY scripts/container-health /usr/local/bin/container-health
USER chat
# Other machines reach it there, so it starts only with an admin key (CHAT_ADMIN_KEY).
ENV CHAT_LISTEN=0.0.0.0:3000 CHAT_DATA=/var/lib/chat
VOLUME /var/lib/chat
EXPOSE 3000
# Whether the process answers. A backend that is down is no reason to replace it: that is what /readyz tells.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["container-health", "/healthz"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["chat-server"]

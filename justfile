# What CI runs, and what is too long for it. The scripts behind these run without `just` too.

# Format, lint and test.
check:
    .ci/run format lint test

# The README's test command.
test:
    cargo test --workspace

# All that guards main.
ci:
    .ci/run

# Start every real engine that the kits run on; the addresses are in target/services/urls.
up *NAMES:
    scripts/services up {{NAMES}}

# Stop them.
down *NAMES:
    scripts/services down {{NAMES}}

# The HTTP tests on files (`embedded`), or on two nodes on the engines that `just up` started (`cluster`).
http-on PROFILE:
    scripts/http-on {{PROFILE}}

# Kill the real server a thousand times and look for what it lost.
crash:
    CHAT_KILLS=1000 cargo test --release -p chat-server --test crash -- --nocapture

# Two servers on engines that are killed and cut off, for about a minute each.
faults *NAME:
    CHAT_FAULTS_LONG=1 scripts/faults {{NAME}}

# Every documented operation, all phases, against a running server.
openapi:
    scripts/openapi-check

# One row of docs/benchmarks.md, e.g. `just bench commit`.
bench *ARGS:
    cargo build --release -p chat-server -p bench
    target/release/bench {{ARGS}}

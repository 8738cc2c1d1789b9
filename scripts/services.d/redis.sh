# Redis 7 of the distribution and Redis 8 of the unstable suite, one server each that keeps every write; a cluster of three masters,
# and one in which each has a replica; and a master with a replica under one sentinel.

redis_packages() {
  command -v redis-server >/dev/null || echo redis-server
  if [ "$1" = redis8 ]; then sid_packages; fi
}

redis_fetch() { if [ "$1" = redis8 ]; then exclusive sid sid_fetch; fi; }

redis_start() {
  local program=(redis-server) always=(--appendonly yes --appendfsync always)
  case $1 in
    redis7) redis_server "$1" server "${always[@]}" ;;
    redis8)
      sid_program bin/redis-server
      redis_server "$1" server "${always[@]}"
      ;;
    redis_cluster | redis_replicated)
      local role nodes=() roles=(a b c) replicas=0
      if [ "$1" = redis_replicated ]; then roles+=(d e f) replicas=1; fi
      for role in "${roles[@]}"; do
        redis_server "$1" "$role" "${always[@]}" --cluster-enabled yes --cluster-node-timeout 2000
        nodes+=("127.0.0.1:$(port "$1" "$role")")
      done
      for role in "${roles[@]}"; do await redis_says "$1" "$role" 'INFO cluster' cluster_enabled:1; done
      once "$data/$1/joined" redis_join "$replicas" "${nodes[@]}"
      # The first three are masters to begin with.
      for role in "${roles[@]:3}"; do await redis_says "$1" "$role" 'INFO replication' 'master_link_status:up\|role:master'; done
      ;;
    redis_sentinel) redis_sentinel "$1" ;;
  esac
}

# redis_join REPLICAS NODE… makes a cluster of empty nodes. On a machine that is busy for two seconds a node forgets whom it was told to
# meet, and redis-cli would wait for ever: they begin anew.
redis_join() {
  local replicas=$1 attempt node
  shift
  for attempt in 1 2 3; do
    if timeout 20 redis-cli --cluster create "$@" --cluster-replicas "$replicas" --cluster-yes; then return; fi
    for node in "$@"; do redis-cli -p "${node#*:}" CLUSTER RESET HARD; done
  done
  say "these did not join, tried $attempt times: $*"
  return 1
}

# redis_server NAME ROLE ARGUMENT… starts `program`.
redis_server() {
  local name=$1 role=$2 folder=$data/$1/$2
  shift 2
  mkdir -p "$folder"
  launch "$name" "$role" "${program[@]}" --port "$(port "$name" "$role")" --bind 127.0.0.1 --dir "$folder" --save '' --maxmemory 256mb \
    --maxmemory-policy noeviction "$@"
}

# The sentinel keeps what it knows in its own file; without it the replica is the master's.
redis_sentinel() {
  local file=$data/$1/sentinel.conf
  redis_server "$1" master --appendonly yes
  redis_server "$1" replica --appendonly yes --replicaof 127.0.0.1 "$(port "$1" master)"
  await redis_says "$1" replica 'INFO replication' master_link_status:up
  if [ ! -e "$file" ]; then
    printf '%s\n' "port $(port "$1" sentinel)" 'bind 127.0.0.1' "dir $data/$1" \
      "sentinel monitor chat 127.0.0.1 $(port "$1" master) 1" 'sentinel down-after-milliseconds chat 1000' \
      'sentinel failover-timeout chat 5000' >"$file"
  fi
  launch "$1" sentinel redis-server "$file" --sentinel
}

# redis_says NAME ROLE COMMAND ANSWER
redis_says() {
  local words
  read -ra words <<<"$3"
  timeout 2 redis-cli -p "$(port "$1" "$2")" "${words[@]}" 2>/dev/null | grep -q "$4"
}

redis_answers() {
  case $1 in
    redis_cluster | redis_replicated)
      redis_says "$1" a 'CLUSTER INFO' cluster_state:ok && redis_says "$1" b 'CLUSTER INFO' cluster_state:ok &&
        redis_says "$1" c 'CLUSTER INFO' cluster_state:ok
      ;;
    redis_sentinel) redis_says "$1" sentinel 'SENTINEL replicas chat' slave ;;
    *) redis_says "$1" server PING PONG ;;
  esac
}

redis_url() {
  case $1 in
    redis_cluster | redis_replicated) echo "redis-cluster://127.0.0.1:$(port "$1" a),127.0.0.1:$(port "$1" b),127.0.0.1:$(port "$1" c)" ;;
    redis_sentinel) echo "redis-sentinel://127.0.0.1:$(port "$1" sentinel)/chat" ;;
    *) echo "redis://127.0.0.1:$(port "$1" server)" ;;
  esac
}

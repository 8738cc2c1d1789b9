# MySQL 9 of the unstable suite and MariaDB of the distribution; every commit is on disk before it is answered, and root has no
# password. There is an empty database `chat` to try a server on.

mysql_packages() {
  case $1 in
    mysql) sid_packages ;;
    # The core packages bring no service that apt would start; a program that sets a database up is among the clients.
    mariadb)
      [ -x /usr/sbin/mariadbd ] || echo mariadb-server-core
      command -v my_print_defaults >/dev/null || echo mariadb-client-core
      ;;
  esac
}

mysql_fetch() { if [ "$1" = mysql ]; then exclusive sid sid_fetch; fi; }

mysql_start() {
  local store=$data/$1/store program common
  echo 'CREATE DATABASE IF NOT EXISTS chat;' >"$data/$1/init.sql"
  common=("--user=$(id -un)" "--datadir=$store" "--port=$(port "$1" server)" --bind-address=127.0.0.1 "--socket=$data/$1/socket"
    "--pid-file=$data/$1/pid" "--init-file=$data/$1/init.sql" --innodb-buffer-pool-size=256M --max-connections=600 --host-cache-size=0)
  case $1 in
    mysql)
      sid_program sbin/mysqld
      program+=(--no-defaults "--basedir=$cache/sid/usr")
      once "$store" "${program[@]}" --initialize-insecure "--user=$(id -un)" "--datadir=$store.part"
      launch "$1" server "${program[@]}" "${common[@]}" --secure-file-priv=NULL --mysqlx=OFF
      ;;
    mariadb)
      once "$store" mariadb-install-db --no-defaults "--user=$(id -un)" "--datadir=$store.part" --auth-root-authentication-method=normal \
        --skip-test-db
      launch "$1" server /usr/sbin/mariadbd --no-defaults "${common[@]}" --innodb-flush-log-at-trx-commit=1 --log-bin --sync-binlog=1 \
        --max-allowed-packet=64M
      ;;
  esac
}

# The server greets with version 10 of its protocol.
mysql_answers() {
  local greeting
  greeting=$(timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$(port "$1" server) && head -c 5 <&3 | od -An -tx1" 2>/dev/null) &&
    [ "${greeting##* }" = 0a ]
}

mysql_url() { echo "mysql://root@127.0.0.1:$(port "$1" server)"; }

# Elasticsearch from the server jars of Maven Central: their core and the HTTP module, no more.

es_version() { case $1 in elasticsearch8) echo 8.19.21 ;; *) echo 9.5.3 ;; esac; }

elasticsearch_packages() { command -v mvn >/dev/null || echo maven; java_home >/dev/null || java_package; }

# A JDK of 21 or later.
java_home() {
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    if [ -x "$home/bin/javac" ] && [ "$("$home/bin/javac" -version 2>&1 | sed -E 's/javac ([0-9]+).*/\1/')" -ge 21 ]; then
      echo "$home"
      return
    fi
  done
  return 1
}

java_package() {
  local package
  for package in openjdk-25-jdk-headless openjdk-21-jdk-headless; do
    if apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]'; then
      echo "$package"
      return
    fi
  done
  say 'Elasticsearch needs a JDK of 21 or later under /usr/lib/jvm or in JAVA_HOME, and apt has none'
  return 1
}

elasticsearch_fetch() { exclusive maven elasticsearch_jars "$1"; }

# One after another: they share the local repository.
elasticsearch_jars() {
  local version home part modules java
  version=$(es_version "$1")
  java=$(java_home)
  home=$cache/elasticsearch-$version
  if [ ! -e "$home/classes" ]; then
    part=$home.part
    modules=$part/modules/transport-netty4
    rm -rf "$part"
    mkdir -p "$part/lib" "$part/config" "$modules"
    cp "$here/pom.xml" "$part/"
    (cd "$part" && JAVA_HOME=$java fetched mvn -q -B "-Dengine=$version" "-DoutputDirectory=$part/lib" -DincludeScope=runtime \
      org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies)
    mv "$part"/lib/transport-netty4* "$part"/lib/netty-* "$part"/lib/elasticsearch-ssl-config* "$modules/"
    cat >"$modules/plugin-descriptor.properties" <<END
name=transport-netty4
description=HTTP and transport
version=$version
elasticsearch.version=$version
java.version=21
classname=org.elasticsearch.transport.netty4.Netty4Plugin
has.native.controller=false
END
    mv -T "$part" "$home"
  fi
  if [ "$here/Node.java" -nt "$home/classes" ]; then
    "$java/bin/javac" -nowarn -cp "$home/lib/*" -d "$home/classes" "$here/Node.java"
    touch "$home/classes"
  fi
}

elasticsearch_start() {
  local home
  home=$cache/elasticsearch-$(es_version "$1")
  launch "$1" node "$(java_home)/bin/java" --enable-native-access=ALL-UNNAMED -Xms512m -Xmx512m -cp "$home/classes:$home/lib/*" \
    Node "$home" "$data/$1/store" "$(port "$1" http)" "$(port "$1" transport)"
}

elasticsearch_answers() { curl -fsS -m 2 --noproxy '*' "http://127.0.0.1:$(port "$1" http)/_cluster/health?wait_for_status=yellow&timeout=1s" >/dev/null 2>&1; }

elasticsearch_url() { echo "http://127.0.0.1:$(port "$1" http)"; }

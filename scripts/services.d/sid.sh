# MySQL 9 and Redis 8 are in Debian's unstable suite alone. A folder holds what they need of it; they run from there with the
# suite's own loader and libraries, so that nothing but the download needs root.

sid_packages() { command -v debootstrap >/dev/null || echo debootstrap; }

sid_fetch() {
  if [ ! -e "$cache/sid" ]; then
    fetched sid_download
    rm -rf "$cache"/sid.part/var/cache/apt/archives/*.deb
    mv -T "$cache/sid.part" "$cache/sid"
  fi
}

sid_download() {
  rm -rf "$cache/sid.part"
  debootstrap --variant=minbase --include=mysql-server-core,redis-server sid "$cache/sid.part" "$(mirror)"
}

# The mirror that apt is set up with.
mirror() {
  local site
  site=$(apt-get indextargets --format '$(SITE) $(ORIGIN) $(LABEL)' 2>/dev/null | awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }')
  echo "${site:-http://deb.debian.org/debian}"
}

# A program of that suite as a command, into the array `program`.
sid_program() {
  local libraries
  libraries=$(echo "$cache"/sid/usr/lib/*-linux-gnu)
  program=("$libraries"/ld-linux-*.so.* --library-path "$libraries" "$cache/sid/usr/$1")
}

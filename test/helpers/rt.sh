#!/bin/bash
# A private Request Tracker 5 on SQLite, on a free port of loopback: rt.sh DIR PORT. Ends when its stdin ends, however its
# parent ended. Prints one line of JSON when it answers: {"token": ..., "weak": ..., "tickets": [...]}.
set -u
DIR=$1 PORT=$2
# d/ stays empty: with RT_SITE_CONFIG_DIR pointing at it the snippets of /etc do not apply.
mkdir -p "$DIR"/{d,db,mason,session,log}

cat >"$DIR/RT_SiteConfig.pm" <<P
Set(\$rtname, 'test');
Set(\$Organization, 'test.invalid');
Set(\$Timezone, 'UTC');
Set(\$WebDomain, '127.0.0.1');
Set(\$WebPort, $PORT);
Set(\$WebPath, '');
Set(\$WebBaseURL, 'http://127.0.0.1:$PORT');
Set(\$CanonicalizeRedirectURLs, 0);
Set(\$DatabaseType, 'SQLite');
Set(\$DatabaseName, '$DIR/db/rt5');
Set(\$DatabaseAdmin, '');
Set(\$MailCommand, 'testfile');
Set(\$LogToSyslog, undef);
Set(\$LogToFile, 'info'); Set(\$LogDir, '$DIR/log'); Set(\$LogToFileNamed, 'rt.log');
Set(\$LogToSTDERR, 'warning');
# Package variables, no settings: without them two instances share a cache.
\$RT::MasonDataDir = '$DIR/mason'; \$RT::MasonSessionDir = '$DIR/session';
1;
P
export RT_SITE_CONFIG="$DIR/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$DIR/d"

fail() {
  echo "$1: $(tail -5 "$DIR/log/$2" | tr '\n' ' ')" >&2
  rm -rf "$DIR"
  exit 1
}

/usr/sbin/rt-setup-database-5 --action init --skip-create >"$DIR/log/init.log" 2>&1 || fail database init.log
seed=$(perl "$(dirname "$0")/rt-seed.pl" 2>"$DIR/log/seed.log") || fail seed seed.log

set -m
/usr/share/request-tracker5/libexec/rt-server --host 127.0.0.1 --port "$PORT" --server Starlet --max-workers 2 \
  >"$DIR/log/http.log" 2>&1 </dev/null &
server=$!
for _ in $(seq 600); do
  # 401 without a token: it is up.
  if [ "$(curl -s -o /dev/null -m 20 -w '%{http_code}' "http://127.0.0.1:$PORT/REST/2.0/rt")" = 401 ]; then
    echo "$seed"
    # Until nobody holds the other end any more.
    cat >/dev/null
    kill -TERM -- "-$server" 2>/dev/null
    wait "$server" 2>/dev/null
    rm -rf "$DIR"
    exit 0
  fi
  kill -0 "$server" 2>/dev/null || break
  sleep 0.2
done
kill -TERM -- "-$server" 2>/dev/null
fail server http.log

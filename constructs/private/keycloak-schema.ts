/** The script's name in the build context. */
export const SCHEMA_SCRIPT = "make-schema.sh";

/**
 * Bash, run once in the image as Keycloak's user. It leaves an H2 database that has Keycloak's tables, which the first start of
 * a server need not make one by one then. Docker copies it into the server's volume as long as that is empty.
 *
 * Every server of the image begins with this database. So it must hold nothing that is secret, or that tells one server from
 * another: no realm, key, client or id. Therefore it is a new file, made of what the tables are like and of the notes of
 * Liquibase and Keycloak about them. Nothing else of the throw-away database gets into it, not even as a deleted row.
 *
 * What fails leaves no database in the image. The first start makes it all then.
 */
export const MAKE_SCHEMA = `#!/bin/bash
cd /opt/keycloak || exit 0
folder=data/h2
work=$(mktemp -d)
notes="DATABASECHANGELOG, DATABASECHANGELOGLOCK, MIGRATION_MODEL"

start_once() {
  bin/kc.sh start --optimized --cache=local --http-enabled=true --hostname-strict=false > "$work/log" 2>&1 &
  server=$!
  for _ in {1..900}; do
    sleep 0.2
    grep -q "Listening on" "$work/log" && break
    kill -0 $server 2> /dev/null || break
  done
  kill $server 2> /dev/null
  wait $server
  grep -q "Listening on" "$work/log" && [ -f $folder/keycloakdb.mv.db ]
}

h2() { # TOOL FOLDER ARGUMENT...
  tool=$1 database="jdbc:h2:file:$2/keycloakdb"
  shift 2
  "\${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp lib/lib/main/com.h2database.h2-*.jar \\
    "org.h2.tools.$tool" -url "$database" -user "" -password "" "$@" > "$work/log" 2>&1
}

take_tables() {
  h2 Shell ./$folder -sql "SCRIPT NODATA TO '$work/1.sql'; SCRIPT SIMPLE DROP TO '$work/2.sql' TABLE $notes" &&
    cat "$work/1.sql" "$work/2.sql" > "$work/all.sql" &&
    h2 RunScript "$work/new" -script "$work/all.sql"
}

if start_once && take_tables; then made=yes; fi
rm -rf $folder data/transaction-logs
if [ "$made" ]; then
  mkdir $folder && mv "$work/new/keycloakdb.mv.db" $folder/
else
  echo "The image has no schema, and the first start makes it. The last lines were:"
  tail -n 5 "$work/log"
fi
rm -rf "$work"
`;

#!/bin/bash
# One role and one database it owns for every service; nobody else may connect to it. Runs once, on an empty volume.
# Passwords come from YIKOU_DATABASE_PASSWORD_<SERVICE>; whoever has such a variable gets a database.
set -euo pipefail

for variable in ${!YIKOU_DATABASE_PASSWORD_*}; do
    service=${variable#YIKOU_DATABASE_PASSWORD_}
    service=${service,,}
    psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
        --set name="$service" --set secret="${!variable}" <<'SQL'
create role :"name" login password :'secret';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
done

#!/bin/sh
# The secrets of a composition, made once and kept in its volumes. Runs in the nginx image, for the openssl in it.
#   secrets.sh make    makes what is missing
#   secrets.sh link    prints the address to sign in with
# Two volumes: pods of the demo cluster are shells, and whoever has one must not find the relay's own secrets beside it.
set -eu
umask 077
relay=/run/poseidon
demo=/run/demo-cluster

# once FILE COMMAND…: a file appears whole or not at all
once() {
  file=$1
  shift
  [ -s "$file" ] && return
  "$@" >"$file.new"
  mv "$file.new" "$file"
}

certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=demo-api \
    -addext subjectAltName=DNS:demo-api -keyout $demo/tls.key -out $demo/tls.crt.new 2>/dev/null
  mv $demo/tls.crt.new $demo/tls.crt
}

case ${1:-make} in
  make)
    once $relay/access-token openssl rand -hex 24
    once $relay/seal.key openssl rand -base64 32
    once $demo/token openssl rand -hex 24
    [ -s $demo/tls.crt ] || certificate
    cp $demo/token $relay/demo-token
    cp $demo/tls.crt $relay/demo-ca.crt
    # The user as which everything else runs.
    chown -R 1000:1000 $relay $demo
    echo 'Secrets are ready. The address to sign in with: docker compose run --rm secrets link'
    ;;
  link)
    [ -s $relay/access-token ] || { echo 'There are no secrets yet: docker compose up -d' >&2; exit 1; }
    echo "http://127.0.0.1:${PORT:-8080}/#token=$(cat $relay/access-token)"
    ;;
  *)
    echo 'secrets.sh make | link' >&2
    exit 2
    ;;
esac

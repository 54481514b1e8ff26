#!/usr/bin/env bash
# machine-a, the caller, in Bash: signs an assertion, exchanges it for an access token, calls machine-b's protected API.
#
#   machines/machine-a/call.sh            machine-b verifies the token offline
#   machines/machine-a/call.sh --online   machine-b asks Keycloak about the token
#
# Needs bash, curl, jq, openssl. Prints "HTTP 200" and the caller; anything else ends with 1 and a reason.
# No token or assertion is ever an argument of a program, where `ps` would show it: they go through pipes.
set -euo pipefail

CLIENT_ID=${CLIENT_ID:-machine-a}
KEY_FILE=${KEY_FILE:-certs/machine-a-signing.key}
# Plain http is for local development only: off as soon as ISSUER or API is set, unless asked for.
if [[ -z ${ISSUER:-}${API:-} ]]; then insecure=true; else insecure=false; fi
ALLOW_INSECURE_HTTP=${ALLOW_INSECURE_HTTP:-$insecure}
ISSUER=${ISSUER:-http://keycloak:8080/realms/sjwt-example}
API=${API:-http://machine-b:3000/api/protected}
# host:port=address:port, parted by commas, as for curl's --connect-to.
CONNECT_TO=${CONNECT_TO-keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000}
SCOPE=${SCOPE:-}

fail() {
  echo "machine-a: $*" >&2
  exit 1
}

base64url() { openssl base64 -e -A | tr '+/' '-_' | tr -d '='; }

# $1: status and body, as `request` prints them; a body that is no JSON counts as empty.
field() { sed 1d <<<"$1" | jq -r --arg name "$2" 'try (.[$name] // "") catch ""' 2>/dev/null || true; }

# curl with the settings of all requests; prints the status, then the body. ~/.curlrc (--disable, which has to come
# first) and proxy variables stay out: a proxy would get the assertion, and CONNECT_TO would not be where it connects.
request() {
  local answer
  answer=$(curl --disable --noproxy '*' --silent --show-error --connect-timeout 5 --max-time 10 \
    ${connect[@]+"${connect[@]}"} --write-out '\n%{http_code}' "$@") || return 1
  printf '%s\n%s\n' "${answer##*$'\n'}" "${answer%$'\n'*}"
}

case ${1:-} in
  '') ;;
  --online) API=$API/online ;;
  *) fail "unknown argument: $1; the only one is --online" ;;
esac
for tool in curl jq openssl; do
  command -v "$tool" >/dev/null || fail "$tool is needed but not found"
done
for url in "$ISSUER" "$API"; do
  [[ $url == https://* || $url == http://* && $ALLOW_INSECURE_HTTP == true ]] ||
    fail "must be an https address, got: $url; for local development only, set ALLOW_INSECURE_HTTP=true"
done

connect=()
IFS=, read -ra entries <<<"$CONNECT_TO"
for entry in ${entries[@]+"${entries[@]}"}; do
  [[ $entry =~ ^[^=]+:[0-9]+=[^=]+:[0-9]+$ ]] || fail "CONNECT_TO must list host:port=address:port, got: $entry"
  connect+=(--connect-to "${entry/=/:}")
done

# The key, and its id: base64url(SHA-256(DER SubjectPublicKeyInfo)), which Keycloak computes from the certificate too.
[[ -r $KEY_FILE ]] || fail "key file $KEY_FILE cannot be read; check the path and that this user may read it"
public_key=$(openssl pkey -in "$KEY_FILE" -passin pass: -pubout 2>/dev/null) ||
  fail "key file $KEY_FILE must hold an unencrypted PEM private key"
key_text=$(openssl pkey -pubin -noout -text <<<"$public_key")
[[ $key_text =~ \(([0-9]+)\ bit\) && $key_text == *Modulus:* ]] || fail "key file $KEY_FILE must hold an RSA key"
((BASH_REMATCH[1] >= 2048)) || fail "key file $KEY_FILE must hold at least 2048 bits, got: ${BASH_REMATCH[1]}"
kid=$(openssl pkey -pubin -outform DER <<<"$public_key" | openssl dgst -sha256 -binary | base64url)

# The assertion (RFC 7523): good for 60 seconds and one request.
now=$(date +%s)
header=$(jq -cjn --arg kid "$kid" '{alg: "RS256", typ: "JWT", kid: $kid}' | base64url)
payload=$(jq -cjn --arg client "$CLIENT_ID" --arg issuer "$ISSUER" --arg jti "$(openssl rand -hex 16)" --argjson now "$now" \
  '{iss: $client, sub: $client, aud: $issuer, jti: $jti, iat: $now, exp: ($now + 60)}' | base64url)
signature=$(printf '%s' "$header.$payload" | openssl dgst -sha256 -binary -sign "$KEY_FILE" | base64url)

# The access token. `--data @-` reads the assertion from the pipe.
scope=()
[[ -z $SCOPE ]] || scope=(--data-urlencode "scope=$SCOPE")
answer=$(printf '%s' "client_assertion=$header.$payload.$signature" | request \
  --data-urlencode "client_id=$CLIENT_ID" \
  --data 'grant_type=client_credentials' \
  --data 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer' \
  ${scope[@]+"${scope[@]}"} \
  --data @- \
  "$ISSUER/protocol/openid-connect/token") ||
  fail "no answer from $ISSUER; check that Keycloak runs and that CONNECT_TO is right"
access_token=$(field "$answer" access_token)
[[ ${answer%%$'\n'*} == 200 && -n $access_token ]] ||
  fail "$ISSUER gave no token (HTTP ${answer%%$'\n'*}): $(field "$answer" error): $(field "$answer" error_description)"

# The call. `--config -` reads the header from the pipe.
answer=$(printf 'header = "Authorization: Bearer %s"\n' "$access_token" | request --config - "$API") ||
  fail "no answer from $API; check that machine-b runs and that CONNECT_TO is right"
echo "HTTP ${answer%%$'\n'*}"
[[ ${answer%%$'\n'*} == 200 ]] || fail "$API refused the call: $(field "$answer" error): $(field "$answer" error_description)"
echo "caller: $(field "$answer" caller)"
echo "verified: $(field "$answer" verified)"

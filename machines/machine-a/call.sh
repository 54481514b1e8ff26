#!/usr/bin/env bash
# machine-a, the caller, in Bash: signs an assertion, exchanges it for an access token, calls machine-b's protected API.
#
#   machines/machine-a/call.sh            machine-b verifies the token offline
#   machines/machine-a/call.sh --online   machine-b asks Keycloak about the token
#
# Signs with the algorithm of its key: RS256 for RSA (ALGORITHM chooses RS384, RS512 or PS256 to PS512), ES256 for P-256,
# ES384 for P-384, ES512 for P-521, EdDSA for Ed25519.
# The rest of the project reads the algorithms from one table, constructs/keys/algorithms.ts. This script cannot: a new
# algorithm needs its own lines here, in sign, at the kinds of keys, and for an elliptic curve in raw_ecdsa.
# Needs bash, curl, jq, openssl. Prints "HTTP 200" and the caller; anything else ends with 1 and a reason.
# No token or assertion is ever an argument of a program, where `ps` would show it: they go through pipes.
set -euo pipefail

CLIENT_ID=${CLIENT_ID:-machine-a}
KEY_FILE=${KEY_FILE:-certs/machine-a-signing.key}
# The name of a variable that holds the key's PEM text, in place of KEY_FILE.
KEY_VARIABLE=${KEY_VARIABLE:-}
# Plain http is for local development only: off as soon as ISSUER or API is set, unless asked for.
if [[ -z ${ISSUER:-}${API:-} ]]; then insecure=true; else insecure=false; fi
ALLOW_INSECURE_HTTP=${ALLOW_INSECURE_HTTP:-$insecure}
ISSUER=${ISSUER:-http://keycloak:8080/realms/sjwt-example}
API=${API:-http://machine-b:3000/api/protected}
# host:port=address:port, separated by commas, as for curl's --connect-to.
CONNECT_TO=${CONNECT_TO-keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000}
SCOPE=${SCOPE:-}
ALGORITHM=${ALGORITHM:-}
# CAs to trust, and a client certificate with its key, in files of PEM.
TLS_CA_FILE=${TLS_CA_FILE:-}
TLS_CERTIFICATE_FILE=${TLS_CERTIFICATE_FILE:-}
TLS_KEY_FILE=${TLS_KEY_FILE:-}
# What an encrypted key file is opened with: itself, or the first line of a file. openssl reads it there.
export KEY_PASSPHRASE=${KEY_PASSPHRASE:-}
passin=env:KEY_PASSPHRASE
[[ -z ${KEY_PASSPHRASE_FILE:-} ]] || passin=file:$KEY_PASSPHRASE_FILE

fail() {
  echo "machine-a: $*" >&2
  exit 1
}

# Whether $1 is a regular file of at most a MiB: a pipe or a device in its place would never end.
is_file() { [[ -f $1 && -r $1 ]] && (($(head -c 1048577 -- "$1" | wc -c) <= 1048576)); }

# $1 as a message shows it. A key may be given where a path or an address is meant: then only its length is shown. By the
# rules of constructs/keys/shown.ts: PEM, long words, and parts in which lower case, upper case and digits take turns.
shown() {
  local text=$1 before=- former=- here at score=0 window=40
  local scores=()
  local LC_ALL=C
  if ((${#text} <= 500)) && [[ $text != *[[:cntrl:]]* && $text != *'-----BEGIN'* && $text != *'"'* ]] &&
    [[ ! $text =~ [A-Za-z0-9+=]{48} && ! ($text =~ ^[A-Za-z0-9+/_-]{43}=?$ && $text == *[0-9]*) && ! $text =~ ([0-9a-fA-F]{2}[:\ ,]){15} && ! $text =~ ([0-9]+[\ ,]+){15} ]]; then
    for ((at = 0; at < ${#text}; at++)); do
      case ${text:at:1} in
        [0-9]) here=0 ;;
        [A-Z]) here=A ;;
        [a-z]) here=a ;;
        *) here=- ;;
      esac
      if [[ $here == - ]]; then
        scores[at]=-1
      elif [[ $before == - || $before == "$here" || $former$before$here == [!A]Aa ]]; then
        scores[at]=0
      else
        scores[at]=1
      fi
      ((score += scores[at], at < window || (score -= scores[at - window]))) || true
      ((at < window || score < 5)) || break
      former=$before before=$here
    done
    ((at < ${#text})) || {
      printf '%s' "$text"
      return
    }
  fi
  printf '%s' "(a text of ${#text} characters, not shown: it may be a key)"
}

base64url() { openssl base64 -e -A | tr '+/' '-_' | tr -d '='; }

# stdin: an ECDSA signature in DER; stdout: r and s of $1 bytes each, as JWS has them (RFC 7518 section 3.4). In DER both
# are numbers, written as short as they are.
raw_ecdsa() {
  local numbers hex at digits=$(($1 * 2))
  numbers=$(openssl asn1parse -inform DER)
  [[ $numbers =~ INTEGER\ *:([0-9A-F]+).*INTEGER\ *:([0-9A-F]+) ]] || return 1
  printf -v hex "%${digits}s%${digits}s" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  hex=${hex// /0}
  for ((at = 0; at < 2 * digits; at += 2)); do printf '%b' "\\x${hex:at:2}"; done
}

# stdin: what to sign; stdout: the signature. $1: the algorithm, which ends with the size of its hash.
sign() {
  local bits=${1:2}
  case $1 in
    RS*) openssl dgst -"sha$bits" -binary -passin "$passin" -sign <(printf '%s\n' "$pem") ;;
    PS*)
      openssl dgst -"sha$bits" -binary -passin "$passin" -sign <(printf '%s\n' "$pem") \
        -sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$((bits / 8))" -sigopt "rsa_mgf1_md:sha$bits"
      ;;
    ES*) openssl dgst -"sha$bits" -binary -passin "$passin" -sign <(printf '%s\n' "$pem") | raw_ecdsa "$((bits == 512 ? 66 : bits / 8))" ;;
    EdDSA)
      # For Ed25519 openssl wants to know the length first, and so a file; unsigned it is of no use to anybody.
      cat >"$signing_input"
      openssl pkeyutl -sign -rawin -passin "$passin" -inkey <(printf '%s\n' "$pem") -in "$signing_input"
      ;;
  esac
}

# $1: status and body, as `request` prints them; a body that is no JSON counts as empty. A text from outside may hold line
# ends and what a terminal obeys.
field() {
  sed 1d <<<"$1" | jq -r --arg name "$2" \
    'try (.[$name] // "" | tostring | gsub("[\\p{Cc}\\p{Zl}\\p{Zp}\u202a-\u202e\u2066-\u2069]+"; " ")) catch ""' 2>/dev/null || true
}

# curl with the settings of all requests; prints the status, then the body. ~/.curlrc stays out (--disable, which has to
# come first).
request() {
  local answer
  answer=$(curl --disable --noproxy "$direct" --silent --show-error --connect-timeout 5 --max-time 10 \
    ${connect[@]+"${connect[@]}"} ${tls[@]+"${tls[@]}"} --write-out '\n%{http_code}' "$@") || return
  printf '%s\n%s\n' "${answer##*$'\n'}" "${answer%$'\n'*}"
}

# What helps when curl ends with $1 and gives no answer. $2: the usual advice.
advice() {
  local asks='whether it asks for a client certificate (TLS_CERTIFICATE_FILE)'
  [[ -z $TLS_CERTIFICATE_FILE ]] || asks="that it takes the client certificate in $(shown "$TLS_CERTIFICATE_FILE") (TLS_CERTIFICATE_FILE)"
  case $1 in
    5 | 97) echo 'check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY' ;;
    7 | 28) echo "$2${https_proxy:+; HTTPS_PROXY is set}${http_proxy:+; HTTP_PROXY is set}" ;;
    35) echo "check whether the address is http, or the port another, and $asks" ;;
    52 | 55 | 56) echo "$2, what a proxy says, and $asks" ;;
    58) echo "put a certificate in PEM into $(shown "$TLS_CERTIFICATE_FILE") (TLS_CERTIFICATE_FILE), and its own key into $(shown "$TLS_KEY_FILE") (TLS_KEY_FILE)" ;;
    51 | 60 | 77 | 83)
      if [[ -n $TLS_CA_FILE ]]; then
        echo "put the certificate of the server's CA into $(shown "$TLS_CA_FILE") (TLS_CA_FILE)"
      else
        echo "name a file with the CA's certificate in SSL_CERT_FILE"
      fi
      ;;
    90 | 91) echo "have the server's certificate renewed: what vouches for it is out of date" ;;
    98) echo 'set TLS_CERTIFICATE_FILE and TLS_KEY_FILE' ;;
    *) echo "$2" ;;
  esac
}

# The file of a certificate as curl reads it: a colon would begin a password, and a name without folder may be that of a
# certificate in a store.
as_path() {
  local path=${1//\\/\\\\}
  [[ $path == */* ]] || path=./$path
  printf '%s' "${path//:/\\:}"
}

case ${1:-} in
  '') ;;
  --online) API=$API/online ;;
  *) fail "unknown argument: $(shown "$1"); the only one is --online" ;;
esac
for tool in curl jq openssl; do
  command -v "$tool" >/dev/null || fail "$tool is needed but not found"
done
issuer=$(shown "$ISSUER") api=$(shown "$API") # for messages
for url in "$ISSUER" "$API"; do
  [[ $url == https://* || $url == http://* && $ALLOW_INSECURE_HTTP == true ]] ||
    fail "must be an https address, got: $(shown "$url"); for local development only, set ALLOW_INSECURE_HTTP=true"
done

# Proxies as in the whole project (docs/network.md): small letters first, and never for this machine itself, nor for what
# CONNECT_TO names.
unset ALL_PROXY all_proxy
export http_proxy=${http_proxy-${HTTP_PROXY:-}} https_proxy=${https_proxy-${HTTPS_PROXY:-}}
direct=${no_proxy-${NO_PROXY:-}}
direct=${direct//\*./.}

tls=()
[[ -n $TLS_CERTIFICATE_FILE || -z $TLS_KEY_FILE ]] ||
  fail 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE must be set together, got: TLS_KEY_FILE alone; set TLS_CERTIFICATE_FILE too'
[[ -n $TLS_KEY_FILE || -z $TLS_CERTIFICATE_FILE ]] ||
  fail 'TLS_CERTIFICATE_FILE and TLS_KEY_FILE must be set together, got: TLS_CERTIFICATE_FILE alone; set TLS_KEY_FILE too'
for name in TLS_CA_FILE TLS_CERTIFICATE_FILE TLS_KEY_FILE; do
  [[ -z ${!name} ]] || is_file "${!name}" ||
    fail "$name must name a file that can be read, got: $(shown "${!name}"); check the path and that this user may read it"
done
if [[ -n $TLS_CA_FILE ]]; then
  # Without a folder, or curl would trust the CAs of the system too.
  tls+=(--cacert "$TLS_CA_FILE" --capath /dev/null --proxy-cacert "$TLS_CA_FILE" --proxy-capath /dev/null)
fi
if [[ -n $TLS_CERTIFICATE_FILE ]]; then
  # curl would ask for the passphrase on the terminal.
  ! grep -q ENCRYPTED -- "$TLS_KEY_FILE" ||
    fail "TLS_KEY_FILE must hold a key that is not encrypted, got: $(shown "$TLS_KEY_FILE"); decrypt it: openssl pkey -in FILE -out NEW_FILE"
  tls+=(--cert "$(as_path "$TLS_CERTIFICATE_FILE")" --key "$TLS_KEY_FILE")
fi

connect=()
IFS=, read -ra entries <<<"$CONNECT_TO"
for entry in ${entries[@]+"${entries[@]}"}; do
  [[ $entry =~ ^[^=]+:[0-9]+=[^=]+:[0-9]+$ ]] || fail "CONNECT_TO must list host:port=address:port, got: $(shown "$CONNECT_TO")"
  connect+=(--connect-to "${entry/=/:}")
  [[ $direct == '*' ]] || direct=${entry%%:*},$direct
done
[[ $direct == '*' ]] || direct=localhost,127.0.0.0/8,127.0.0.1,::1,$direct

# The key, and its id: base64url(SHA-256(DER SubjectPublicKeyInfo)), which Keycloak computes from the certificate too.
key_file="key file $(shown "$KEY_FILE")"
if [[ -n $KEY_VARIABLE ]]; then
  key_file="the environment variable $(shown "$KEY_VARIABLE")"
  [[ $KEY_VARIABLE =~ ^[A-Za-z_][A-Za-z0-9_]*$ && -n ${!KEY_VARIABLE:-} ]] ||
    fail "$key_file cannot be read (not set); put the PEM text of the private key there"
  pem=${!KEY_VARIABLE//\\n/$'\n'} # line ends may be two characters
else
  is_file "$KEY_FILE" || fail "$key_file cannot be read; check the path and that this user may read it"
  pem=$(tr -d '\0' <"$KEY_FILE")
fi
[[ -z ${KEY_PASSPHRASE_FILE:-} ]] || is_file "$KEY_PASSPHRASE_FILE" ||
  fail "KEY_PASSPHRASE_FILE must name a file that can be read, got: $(shown "$KEY_PASSPHRASE_FILE")"
# A passphrase may be put through so many rounds that openssl would not end. Five seconds of computing are enough for more
# than the two million that the rest of the project allows (constructs/keys/derivation.ts).
public_key=$(ulimit -t 5 && openssl pkey -in <(printf '%s\n' "$pem") -passin "$passin" -pubout 2>/dev/null) || case $? in
  137 | 152) fail "$key_file must hold a private key that opens quickly; encrypt it again with fewer rounds (openssl pkcs8 -topk8 -iter 600000)" ;;
  *) fail "$key_file must hold a PEM private key, and KEY_PASSPHRASE open it if it is encrypted" ;;
esac
key_text=$(openssl pkey -pubin -noout -text <<<"$public_key")
case $key_text in
  *'PSS parameter restrictions'*) kind=RSA-PSS usual='' ;; # a kind of its own, and not what PS256 takes
  *Modulus:*) kind=RSA usual=RS256 signs='RS256, RS384, RS512, PS256, PS384 or PS512' ;;
  *$'\nASN1 OID: prime256v1\n'*) kind=P-256 usual=ES256 signs=ES256 ;;
  *$'\nASN1 OID: secp384r1\n'*) kind=P-384 usual=ES384 signs=ES384 ;;
  *$'\nASN1 OID: secp521r1\n'*) kind=P-521 usual=ES512 signs=ES512 ;;
  'ED25519 Public-Key:'*) kind=Ed25519 usual=EdDSA signs=EdDSA ;;
  *) kind=$(sed -n '1s/ *Public-Key:.*//p; s/^ASN1 OID: //p' <<<"$key_text" | tr -d '\n') usual='' ;;
esac
[[ -n $usual ]] || fail "$key_file must hold an RSA, P-256, P-384, P-521 or Ed25519 key, got: $kind"
if [[ $kind == RSA && $key_text =~ \(([0-9]+)\ bit ]] && ((BASH_REMATCH[1] < 2048)); then
  fail "$key_file must hold an RSA key of at least 2048 bits, got: ${BASH_REMATCH[1]}"
fi
alg=${ALGORITHM:-$usual}
[[ $alg == "$usual" || $kind == RSA && $alg =~ ^[RP]S(256|384|512)$ ]] ||
  fail "$key_file must hold a key for $(shown "$alg"), got: $kind, which signs with $signs"
kid=$(openssl pkey -pubin -outform DER <<<"$public_key" | openssl dgst -sha256 -binary | base64url)

# The assertion (RFC 7523): good for 60 seconds and one request.
now=$(date +%s)
header=$(jq -cjn --arg alg "$alg" --arg kid "$kid" '{alg: $alg, typ: "JWT", kid: $kid}' | base64url)
id=${kid:0:8}.$(openssl rand -hex 16) # Keycloak's login events keep it, and so tell which key signed
payload=$(jq -cjn --arg client "$CLIENT_ID" --arg issuer "$ISSUER" --arg jti "$id" --argjson now "$now" \
  '{iss: $client, sub: $client, aud: $issuer, jti: $jti, iat: $now, exp: ($now + 60)}' | base64url)
if [[ $alg == EdDSA ]]; then
  signing_input=$(mktemp)
  trap 'rm -f "$signing_input"' EXIT
fi
signature=$(printf '%s' "$header.$payload" | sign "$alg" | base64url) ||
  fail "openssl cannot sign with $alg by $key_file; openssl 3.0 or newer is needed"

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
  fail "no answer from $issuer; $(advice $? 'check that Keycloak runs and that CONNECT_TO is right')"
access_token=$(field "$answer" access_token)
[[ ${answer%%$'\n'*} == 200 && -n $access_token ]] ||
  fail "$issuer gave no token (HTTP ${answer%%$'\n'*}): $(field "$answer" error): $(field "$answer" error_description)"

# The call. `--config -` reads the header from the pipe.
answer=$(printf 'header = "Authorization: Bearer %s"\n' "$access_token" | request --config - "$API") ||
  fail "no answer from $api; $(advice $? 'check that machine-b runs and that CONNECT_TO is right')"
echo "HTTP ${answer%%$'\n'*}"
[[ ${answer%%$'\n'*} == 200 ]] || fail "$api refused the call: $(field "$answer" error): $(field "$answer" error_description)"
echo "caller: $(field "$answer" caller)"
echo "verified: $(field "$answer" verified)"
